extension [UInt8] {
  /// Appends what `read` puts into new memory at the end, which is borrowed for that call alone.
  mutating func append(
    atMost limit: Int, _ read: (UnsafeMutableRawBufferPointer) throws -> Int?
  ) rethrows -> Int? {
    var count: Int?
    try append(addingCapacity: limit) { span in
      unsafe try span.withUnsafeMutableBufferPointer { buffer, initialized in
        let room = unsafe UnsafeMutableRawBufferPointer(
          UnsafeMutableBufferPointer(rebasing: buffer[initialized...]))
        count = try unsafe read(UnsafeMutableRawBufferPointer(rebasing: room.prefix(limit)))
        initialized += count ?? 0
      }
    }
    return count
  }
}
