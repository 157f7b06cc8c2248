import Glibc

/// A standard stream to write text on, without a buffer.
struct StandardStream: Sendable {
  /// The descriptor.
  let descriptor: Int32

  /// Results.
  static let output = StandardStream(descriptor: STDOUT_FILENO)
  /// Progress and remarks.
  static let error = StandardStream(descriptor: STDERR_FILENO)

  /// Writes the whole text.
  /// - Returns: Whether that succeeded; it does not when nobody reads any more, or a disk is full, and
  ///   `errno` says which.
  @discardableResult
  func write(_ text: String) -> Bool {
    var text = text
    return text.withUTF8 { bytes in
      var written = 0
      while written < bytes.count {
        // The rest lies within `bytes`, which lives until the closure returns.
        let count = unsafe Glibc.write(
          descriptor, bytes.baseAddress?.advanced(by: written), bytes.count - written)
        if count >= 0 {
          written += count
        } else if errno == EAGAIN {
          waitUntilWritable()
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  /// Somebody else may have made a terminal that we share non-blocking.
  private func waitUntilWritable() {
    var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    // One entry, which lives across the call.
    _ = unsafe poll(&entry, 1, -1)
  }
}
