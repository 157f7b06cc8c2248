// What a stream need not write itself, and what is the same for all of them.

extension ReadableByteStream {
  /// Reads into memory of its own, and appends a copy.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @inlinable
  public func read(appendingTo bytes: inout [UInt8], atMost limit: Int) async throws -> Int {
    precondition(limit > 0, "read(appendingTo:atMost:) needs a limit of at least 1, not \(limit)")
    // An array's memory cannot be borrowed across a suspension. Aligned, because the system copies to an address a few
    // bytes behind the start of a page at half its speed on some processors.
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: min(limit, 65_536), alignment: 64)
    defer { unsafe memory.deallocate() }
    let count = unsafe try await read(into: memory)
    unsafe bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: memory[..<count]))
    return count
  }

  /// Reads what is there, at most `limit` bytes; waits if nothing is there.
  ///
  /// - Parameter limit: How many bytes to read at most; at least 1.
  /// - Returns: At least one byte; an empty array at the end of the stream.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws; the call may be repeated.
  @inlinable
  public func read(atMost limit: Int) async throws -> [UInt8] {
    var bytes: [UInt8] = []
    _ = try await read(appendingTo: &bytes, atMost: limit)
    return bytes
  }
}

extension WritableByteStream {
  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; `write(_:progress:)` says how many.
  @inlinable
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    var rest = bytes
    while !rest.isEmpty { rest = rest.dropFirst(try await writeSome(rest)) }
  }

  /// Writes all of `bytes`, and waits whenever there is no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the bytes may have been written when it throws; `write(_:progress:)` says how many.
  @inlinable
  public func write(_ bytes: [UInt8]) async throws { try await write(bytes[...]) }

  /// Writes a copy of `bytes`.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @unsafe
  @inlinable
  public func write(_ bytes: UnsafeRawBufferPointer) async throws {
    unsafe try await write([UInt8](bytes)[...])
  }

  /// Writes the pieces one after another.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @inlinable
  public func write(parts: [[UInt8]]) async throws {
    for part in parts { try await write(part[...]) }
  }

  /// Writes the UTF-8 of a text.
  ///
  /// ```swift
  /// try await stream.write("220 ready\r\n")
  /// ```
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// As for `write` of an array.
  @inlinable
  public func write(_ text: String) async throws { try await write(Array(text.utf8)[...]) }

  /// Writes all of `bytes`, and says how many were written also when it throws.
  ///
  /// ```swift
  /// var sent = 0
  /// while sent < bytes.count {
  ///   try? await withTimeout(.seconds(1)) { try await stream.write(bytes[sent...], progress: &sent) }
  /// }
  /// ```
  ///
  /// - Parameters:
  ///   - bytes: What to write.
  ///   - progress: Grows by the number of bytes that were written.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The first `progress` bytes were written and no more; the rest may be written by another call.
  @inlinable
  public func write(_ bytes: ArraySlice<UInt8>, progress: inout Int) async throws {
    var rest = bytes
    while !rest.isEmpty {
      let count = try await writeSome(rest)
      progress += count
      rest = rest.dropFirst(count)
    }
  }
}
