import Glibc

@testable import AsyncIORuntime

/// Two connected descriptors in non-blocking mode, closed at the end.
final class Pipe: Sendable {
  let reader: CInt
  let writer: CInt

  /// A pipe, or a pair of sockets.
  init(sockets: Bool = false) throws {
    var pair: [CInt] = [-1, -1]
    let failure = unsafe sockets ? socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) : pipe(&pair)
    guard failure == 0 else { throw IOError(.system, errno: errno, operation: "pipe") }
    for number in pair { _ = fcntl(number, F_SETFL, O_NONBLOCK) }
    (reader, writer) = (pair[0], pair[1])
  }

  deinit {
    close(reader)
    close(writer)
  }

  /// Writes `count` bytes; returns how many went in.
  @discardableResult
  func write(_ count: Int) -> Int {
    unsafe Glibc.write(writer, [UInt8](repeating: 1, count: count), count)
  }

  /// Writes until nothing more goes in.
  func fill() { while write(65_536) > 0 {} }

  /// Reads up to `count` bytes; returns how many came out.
  @discardableResult
  func read(_ count: Int) -> Int {
    var bytes = [UInt8](repeating: 0, count: count)
    return unsafe Glibc.read(reader, &bytes, count)
  }

  /// Reads until nothing more comes out.
  func empty() { while read(65_536) > 0 {} }

  /// Whether `number` stands for this pipe now: one that was closed may have become another test's.
  func isOpen(as number: CInt) -> Bool {
    var (own, other) = (stat(), stat())
    guard unsafe fstat(reader, &own) == 0, unsafe fstat(number, &other) == 0 else { return false }
    return own.st_dev == other.st_dev && own.st_ino == other.st_ino
  }
}

/// A second number for the file of `number`, of at least `least`.
///
/// Tests that close a number and use it again take one that no test beside them can get: each has ten of its own.
func duplicate(_ number: CInt, _ least: CInt) -> CInt {
  // Far above what the sockets of the tests beside this one reach, and within what the process may have.
  var limit = rlimit()
  unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  return fcntl(number, F_DUPFD, min(CInt(clamping: limit.rlim_cur) - 500, 7000) + least - 300)
}
