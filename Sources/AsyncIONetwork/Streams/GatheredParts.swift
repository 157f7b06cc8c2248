// Pieces that are written with one system call, and what is left of them.

import Glibc

/// What is left to write of several pieces.
struct GatheredParts {
  /// How many pieces go into one system call; the system's own limit is 1,024.
  private static let maximum = 64

  private let parts: [[UInt8]]
  /// The first part that was not written as a whole, and how much of it was.
  private var index = 0
  private var offset = 0

  init(_ parts: [[UInt8]]) {
    self.parts = parts
    skipEmpty()
  }

  /// Whether everything was written.
  var isEmpty: Bool { index == parts.count }

  /// Notes that `count` bytes were written.
  mutating func removeFirst(_ count: Int) {
    offset += count
    while !isEmpty, offset >= parts[index].count {
      offset -= parts[index].count
      index += 1
    }
    skipEmpty()
  }

  private mutating func skipEmpty() {
    while !isEmpty, parts[index].isEmpty { index += 1 }
  }

  /// Calls `body` with the places of the next pieces.
  func withVectors<Result>(
    _ body: (UnsafeMutableBufferPointer<iovec>) throws -> Result
  ) rethrows -> Result {
    unsafe try withUnsafeTemporaryAllocation(of: iovec.self, capacity: Self.maximum) { vectors in
      unsafe try add(index, offset, to: vectors, 0, body)
    }
  }

  /// Enters one piece and, inside of the borrow of its memory, those after it.
  private func add<Result>(
    _ index: Int, _ offset: Int, to vectors: UnsafeMutableBufferPointer<iovec>, _ count: Int,
    _ body: (UnsafeMutableBufferPointer<iovec>) throws -> Result
  ) rethrows -> Result {
    guard index < parts.count, count < vectors.count else {
      return unsafe try body(UnsafeMutableBufferPointer(rebasing: vectors[..<count]))
    }
    return unsafe try parts[index].withUnsafeBytes { bytes in
      let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes.dropFirst(offset))
      // `sendmsg` only reads from it.
      unsafe vectors.initializeElement(
        at: count,
        to: iovec(iov_base: UnsafeMutableRawPointer(mutating: rest.baseAddress), iov_len: rest.count))
      return unsafe try add(index + 1, 0, to: vectors, count + 1, body)
    }
  }
}
