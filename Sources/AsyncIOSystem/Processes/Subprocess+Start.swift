// Starting a child.
//
// On a thread of the blocking pool, as the system keeps the caller until the child has begun its program, which on a loaded
// disk takes its time. `posix_spawn` of Glibc is a clone that shares the memory until then: its cost does not grow with this
// process, and there is no fork handler or lock of another thread that the child could find locked.
//
// The child gets its three standard descriptors and no other (closefrom), so that nothing of this process is kept open by
// children, whatever libraries have opened without close-on-exec.
//
// Why not swift-subprocess (1.0.2 was judged): it polls on two threads of its own and starts processes on a third, so that each
// read crosses threads twice and nothing of it follows a loop's clock; it starts children by code of its own after clone3,
// which has been seen to hang in the child with thousands of descriptors; and reading goes on until the end of the stream, whoever
// holds it. What is left to do on posix_spawn and pidfd is this folder.

import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc
import SystemPackage

/// One of a child's standard descriptors, as this process has it.
struct ChildEnd: Sendable {
  /// What the child gets.
  var child: CInt
  /// Whether `child` is to be closed when the child has it.
  var isOwned: Bool
  /// The other end of a pipe, or -1.
  var parent: CInt = -1

  func closeChild() { if isOwned { Glibc.close(child) } }

  func closeParent() { if parent >= 0 { Glibc.close(parent) } }

  /// A new pipe: the child gets one end, this process the other, without waiting on it.
  static func pipe(childReads: Bool) throws(IOError) -> ChildEnd {
    var ends: [CInt] = [-1, -1]
    let failure = unsafe casyncio_child_pipe(&ends)
    guard failure == 0 else { throw IOError(.system, errno: failure, operation: "pipe") }
    let (child, parent) = childReads ? (ends[0], ends[1]) : (ends[1], ends[0])
    // Blocking, as programs expect it: each end has its own open file description, and this one's mode is set by its owner.
    return ChildEnd(child: child, isOwned: true, parent: parent)
  }

  static func opening(_ path: FilePath, _ flags: CInt) throws(IOError) -> ChildEnd {
    let number = unsafe path.withPlatformString { unsafe casyncio_open($0, flags, 0o666) }
    guard number >= 0 else {
      throw IOError(.system, errno: -number, operation: "open", detail: path.string)
    }
    return ChildEnd(child: number, isOwned: true)
  }
}

extension Subprocess {
  /// The three descriptors of a child, opened; on failure none is left.
  static func openEnds(
    _ input: SubprocessInput, _ output: SubprocessOutput, _ error: SubprocessOutput
  ) throws(IOError) -> [ChildEnd] {
    var ends: [ChildEnd] = []
    do throws(IOError) {
      ends.append(try open(input))
      ends.append(try open(output, number: STDOUT_FILENO))
      if case .output = error {
        ends.append(ChildEnd(child: ends[1].child, isOwned: false))
      } else {
        ends.append(try open(error, number: STDERR_FILENO))
      }
      return ends
    } catch {
      for end in ends {
        end.closeChild()
        end.closeParent()
      }
      throw error
    }
  }

  private static func open(_ input: SubprocessInput) throws(IOError) -> ChildEnd {
    switch input {
    case .none: try .opening("/dev/null", O_RDONLY)
    case .inherited: ChildEnd(child: STDIN_FILENO, isOwned: false)
    case .bytes, .text, .pipe: try .pipe(childReads: true)
    case .file(let path): try .opening(path, O_RDONLY)
    case .descriptor(let number): ChildEnd(child: number, isOwned: false)
    }
  }

  private static func open(_ output: SubprocessOutput, number: CInt) throws(IOError) -> ChildEnd {
    switch output {
    case .discarded: try .opening("/dev/null", O_WRONLY)
    case .inherited: ChildEnd(child: number, isOwned: false)
    case .file(let path): try .opening(path, O_WRONLY | O_CREAT | O_TRUNC)
    case .appending(let path): try .opening(path, O_WRONLY | O_CREAT | O_APPEND)
    case .descriptor(let number): ChildEnd(child: number, isOwned: false)
    case .output:
      preconditionFailure("the standard output of a child cannot go where the standard output goes")
    case .pipe: try .pipe(childReads: false)
    }
  }

  /// A child that was started, by number and pidfd; blocks until it has begun its program.
  static func spawn(_ command: Command, _ descriptors: [CInt]) throws(IOError) -> (CInt, CInt) {
    let directory = try openDirectory(of: command)
    defer { if directory >= 0 { Glibc.close(directory) } }
    let variables = command.environment.variables
    let path = variables.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) }
    let program = try ProgramSearch.find(command.program, path: path, from: directory)
    for argument in command.arguments where argument.utf8.contains(0) {
      throw IOError(
        .invalid, operation: "start",
        detail: "\(command.program): an argument has a NUL in it: \(argument.debugDescription)")
    }
    let result = unsafe withCStrings([command.program] + command.arguments) { arguments in
      unsafe withCStrings(variables) { environment in
        unsafe program.withCString { program in
          var request = unsafe casyncio_child(
            program: program, arguments: arguments, environment: environment, directory: directory,
            descriptors: (descriptors[0], descriptors[1], descriptors[2]), group: command.group.code)
          return unsafe casyncio_spawn(&request)
        }
      }
    }
    guard result > 0 else { throw IOError(.system, errno: -result, operation: "start", detail: program) }
    return (result, try openProcess(result))
  }

  /// The pidfd of a child that was just started; a child that cannot have one is ended again.
  private static func openProcess(_ identifier: CInt) throws(IOError) -> CInt {
    let descriptor = casyncio_pidfd_open(identifier)
    if descriptor >= 0 { return descriptor }
    // It has ended, and the system has thrown its end away. Its number may be another process's by now.
    if descriptor == -ESRCH { throw ChildProcess.endWasTaken(identifier, errno: ECHILD) }
    Glibc.kill(identifier, SIGKILL)
    waitpid(identifier, nil, 0)
    throw IOError(.system, errno: -descriptor, operation: "pidfd_open")
  }

  private static func openDirectory(of command: Command) throws(IOError) -> CInt {
    guard let path = command.workingDirectory else { return -1 }
    let number = unsafe path.withPlatformString { unsafe casyncio_open_directory($0) }
    let failure = number < 0 ? -number : unsafe faccessat(number, ".", X_OK, AT_EACCESS) == 0 ? 0 : errno
    guard failure == 0 else {
      if number >= 0 { Glibc.close(number) }
      throw IOError(
        .system, errno: failure, operation: "change to the working directory", detail: path.string)
    }
    return number
  }
}

extension Subprocess.ProcessGroup {
  /// As the shim has it.
  var code: CInt {
    switch self {
    case .inherited: 0
    case .own: 1
    case .session: 2
    }
  }
}

extension Subprocess.Environment {
  /// The variables as `NAME=value`.
  var variables: [String] {
    switch self {
    case .inherited: return Self.own
    case .inheritedWith(let changes):
      let kept = Self.own.filter { variable in
        !changes.keys.contains { variable.hasPrefix("\($0)=") }
      }
      return kept
        + changes.sorted { $0.key < $1.key }.compactMap { name, value in value.map { "\(name)=\($0)" } }
    case .only(let variables): return variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }
  }

  /// Those of this process.
  ///
  /// What another thread changes meanwhile is the program's own race, as with `getenv`.
  private static var own: [String] {
    guard var next = unsafe casyncio_environment() else { return [] }
    var variables: [String] = []
    while let variable = unsafe next.pointee {
      variables.append(unsafe String(cString: variable))
      unsafe next += 1
    }
    return variables
  }
}

/// Calls `body` with an array of C strings that ends with null.
private func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
  let copies = unsafe strings.map { unsafe strdup($0) } + [nil]
  defer { unsafe copies.forEach { unsafe free($0) } }
  return unsafe copies.withUnsafeBufferPointer { copies in
    guard let base = copies.baseAddress else {
      preconditionFailure("an array with a null in it has no memory")
    }
    return unsafe body(base)
  }
}
