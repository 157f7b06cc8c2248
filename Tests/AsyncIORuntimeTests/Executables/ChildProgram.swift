// A program that the tests build, run as a process of its own.
//
// Its two streams come through pipes that are read until their ends; reading blocks the thread of the test, which is the
// test's own.

import CAsyncIO
import Glibc
import Testing

@testable import AsyncIORuntime

/// A child process with its output.
final class ChildProgram {
  /// How a process has ended.
  enum Ending: Equatable {
    case exited(CInt)
    case killed(signal: CInt)
  }

  private let process: pid_t
  private let output: CInt
  private let errors: CInt
  private var unread = ""

  /// Starts a program that stands beside the test bundle, with one argument; `variables` are put into its environment.
  init(_ command: String, of program: String = "asyncio-under-language", variables: [String] = []) throws {
    var (output, errors): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
    // Not for another program that is started at the same time, which would keep them open.
    let failures = unsafe (casyncio_child_pipe(&output), casyncio_child_pipe(&errors))
    try #require(failures == (0, 0))
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { _ = unsafe posix_spawn_file_actions_destroy(&actions) }
    unsafe posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO)
    unsafe posix_spawn_file_actions_adddup2(&actions, errors[1], STDERR_FILENO)
    // The test's thread has its signals blocked, as all threads of loops; the program must not inherit that.
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { _ = unsafe posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    unsafe posix_spawnattr_setflags(&attributes, CShort(POSIX_SPAWN_SETSIGMASK))

    let added = unsafe variables.map { unsafe strdup($0) }
    defer { unsafe added.forEach { unsafe free($0) } }
    var environment: [UnsafeMutablePointer<CChar>?] = unsafe added
    var next = unsafe environ
    while let one = unsafe next.pointee {
      unsafe environment.append(one)
      unsafe next += 1
    }
    unsafe environment.append(nil)

    var process: pid_t = 0
    let path = try Self.path(of: program)
    let failure = unsafe path.withCString { path in
      unsafe command.withCString { command in
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [
          UnsafeMutablePointer(mutating: path), UnsafeMutablePointer(mutating: command), nil,
        ]
        return unsafe posix_spawn(&process, path, &actions, &attributes, &arguments, &environment)
      }
    }
    close(output[1])
    close(errors[1])
    try #require(failure == 0, "\(path) cannot be started: \(IOError.message(failure))")
    (self.process, self.output, self.errors) = (process, output[0], errors[0])
  }

  deinit {
    close(output)
    close(errors)
  }

  /// The next line that it writes; nil at the end.
  func readLine() -> String? {
    while true {
      if let end = unread.firstIndex(of: "\n") {
        defer { unread.removeSubrange(...end) }
        return String(unread[..<end])
      }
      guard let more = Self.read(output) else { return nil }
      unread += more
    }
  }

  /// What it writes from now on until it ends.
  func readLines() -> [String] {
    var lines: [String] = []
    while let line = readLine() { lines.append(line) }
    return lines
  }

  /// What it has written to standard error when it has ended.
  func readErrors() -> String {
    var text = ""
    while let more = Self.read(errors) { text += more }
    return text
  }

  /// Sends it a signal.
  func signal(_ number: CInt) { kill(process, number) }

  /// Waits for its end.
  func wait() -> Ending {
    var status: CInt = 0
    while unsafe waitpid(process, &status, 0) < 0 && errno == EINTR {}
    return status & 0x7f == 0 ? .exited(status >> 8 & 0xff) : .killed(signal: status & 0x7f)
  }

  private static func read(_ number: CInt) -> String? {
    var bytes = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe Glibc.read(number, &bytes, bytes.count)
      if count < 0 && errno == EINTR { continue }
      return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }
  }

  private static func path(of program: String) throws -> String {
    let bundle = unsafe try #require(unsafe realpath("/proc/self/exe", nil))
    defer { unsafe free(bundle) }
    let path = unsafe String(cString: bundle)
    let end = try #require(path.lastIndex(of: "/"))
    return path[..<end] + "/" + program
  }
}
