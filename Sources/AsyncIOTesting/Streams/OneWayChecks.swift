// The promises of one direction of a stream.

internal import AsyncIONetwork
internal import AsyncIORuntime
internal import Testing

/// What holds between a stream that is written and one that is read.
struct OneWayChecks<Writer: WritableByteStream, Reader: ReadableByteStream> {
  typealias Ends = (writer: Writer, reader: Reader)

  private let place: SourceLocation

  init(_ place: SourceLocation) { self.place = place }

  private func expect(_ condition: Bool, _ promise: String) {
    if !condition { Issue.record("a stream must keep this: \(promise)", sourceLocation: place) }
  }

  // MARK: Bytes

  func order(_ ends: Ends) async throws {
    let bytes = StreamBytes.pattern(300_000)
    async let writing: Void = { @Sendable in
      var start = 0
      var size = 1
      while start < bytes.count {
        let end = min(start + size, bytes.count)
        try await ends.writer.write(bytes[start..<end])
        (start, size) = (end, size * 3 % 40_961)
      }
      await ends.writer.close()
    }()
    expect(try await StreamBytes.toEnd(ends.reader) == bytes, "bytes arrive in their order, none lost")
    try await writing
  }

  func waiting(_ ends: Ends) async throws {
    let reading = Task { try await ends.reader.read(atMost: 10) }
    await settle()
    try await ends.writer.write([1, 2, 3])
    expect(try await reading.value == [1, 2, 3], "a read waits for the first byte, and gives what is there")
    try await ends.writer.write([4, 5, 6, 7])
    expect(try await ends.reader.read(atMost: 3) == [4, 5, 6], "a read gives at most what was asked for")
    expect(try await ends.reader.read(atMost: 3) == [7], "what one read has left is there for the next")
  }

  func emptiness(_ ends: Ends) async throws {
    try await ends.writer.write([])
    try await ends.writer.write(parts: [[], []])
    try await ends.writer.write([9])
    expect(try await ends.reader.read(atMost: 10) == [9], "writing nothing sends nothing, and no end")
  }

  func pieces(_ ends: Ends) async throws {
    let parts = (0..<200).map { StreamBytes.pattern($0 * 7) }
    let all = Array(parts.joined())
    async let writing: Void = { @Sendable in
      try await ends.writer.write(parts: parts)
      unsafe try await all.withMemory { unsafe try await ends.writer.write($0) }
      await ends.writer.close()
    }()
    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 1000, alignment: 1)
    defer { unsafe memory.deallocate() }
    var received: [UInt8] = []
    while true {
      let count = unsafe try await ends.reader.read(into: memory)
      if count == 0 { break }
      unsafe received.append(contentsOf: memory[..<count])
    }
    try await writing
    expect(received == all + all, "pieces, and memory, arrive as arrays do")
  }

  // MARK: The end

  func end(_ ends: Ends) async throws {
    try await ends.writer.write([1, 2])
    await ends.writer.close()
    expect(try await ends.reader.read(atMost: 10) == [1, 2], "what was written before a close arrives")
    for _ in 0..<3 {
      expect(
        try await ends.reader.read(atMost: 10).isEmpty,
        "after the end there is nothing, also when asked again")
    }
    expect(!ends.reader.isClosed, "the peer's close does not close this end")
    await ends.reader.close()
  }

  func unread(_ ends: Ends) async throws {
    await ends.reader.close()
    do {
      for _ in 0..<10_000 { try await ends.writer.write(StreamBytes.pattern(10_000)) }
      expect(false, "writing to a peer that has closed fails, sooner or later")
    } catch let error as IOError {
      expect(error.isDisconnection, "writing to a peer that has closed is a disconnection, not \(error)")
    }
  }

  func abort(_ ends: Ends) async throws {
    let reading = Task { try await ends.reader.read(atMost: 10) }
    await settle()
    ends.writer.abort()
    ends.writer.abort()
    expect(ends.writer.isClosed, "an aborted stream is closed")
    switch await reading.result {
    case .success(let bytes): expect(bytes.isEmpty, "an abort ends who reads")
    case .failure(let error as IOError):
      expect(error.isDisconnection, "an abort is a disconnection, not \(error)")
    case .failure(let error):
      // A stream over another one may have an error of its own for an end that came too early.
      expect(!(error is CancellationError), "an abort of the peer cancels nobody")
    }
  }

  // MARK: Waiting for the reader

  func backPressure(_ ends: Ends) async throws {
    let bytes = StreamBytes.plenty
    let writing = Task { () -> Bool in
      try await ends.writer.write(bytes[...])
      await ends.writer.close()
      return true
    }
    await settle()
    let received = try await StreamBytes.toEnd(ends.reader)
    expect(received == bytes, "a write that had to wait arrives as a whole")
    expect(try await writing.value, "a write ends when all was taken")
  }

  func cancelledRead(_ ends: Ends) async throws {
    for number in 0..<20 as Range<UInt8> {
      let reading = Task { try await ends.reader.read(atMost: 10) }
      if number % 2 == 0 { await settle() }
      reading.cancel()
      await isCancelled(reading, "a read that waits ends by its cancellation")
      try await ends.writer.write([number])
      expect(try await ends.reader.read(atMost: 10) == [number], "a cancelled read has taken nothing")
    }
  }

  func cancelledWrite(_ ends: Ends) async throws {
    let bytes = StreamBytes.plenty
    let writing = Task { () -> Int in
      var sent = 0
      do {
        try await ends.writer.write(bytes[...], progress: &sent)
      } catch is CancellationError {
        return sent
      }
      return -1
    }
    await settle()
    writing.cancel()
    let sent = try await writing.value
    expect(sent >= 0, "a write that waits for its reader ends by its cancellation")
    async let closing: Void = ends.writer.close()
    let received = try await StreamBytes.toEnd(ends.reader)
    await closing
    expect(received == Array(bytes[..<max(sent, 0)]), "a cancelled write says how much of it was sent")
  }

  func cancelledBefore(_ ends: Ends) async throws {
    try await ends.writer.write([1])
    let task = Task {
      while !Task.isCancelled { await Task.yield() }
      do {
        _ = try await ends.reader.read(atMost: 1)
        return false
      } catch is CancellationError {
        do {
          try await ends.writer.write([2])
          return false
        } catch is CancellationError {
          return true
        }
      }
    }
    task.cancel()
    expect(try await task.value, "a task that was cancelled before neither reads nor writes")
    expect(try await ends.reader.read(atMost: 10) == [1], "and nothing of it is left behind")
  }

  private func isCancelled(_ task: Task<[UInt8], any Error>, _ promise: String) async {
    guard case .failure(let error) = await task.result, error is CancellationError else {
      return expect(false, promise)
    }
  }

  // MARK: Closed here

  func closedReader(_ ends: Ends) async throws {
    await ends.reader.close()
    await ends.reader.close()
    ends.reader.abort()
    expect(ends.reader.isClosed, "a stream that was closed says so")
    await isClosed("reading from") { _ = try await ends.reader.read(atMost: 1) }
  }

  func closedWriter(_ ends: Ends) async throws {
    await ends.writer.close()
    await ends.writer.close()
    ends.writer.abort()
    expect(ends.writer.isClosed, "a stream that was closed says so")
    await isClosed("writing to") { try await ends.writer.write([1]) }
    await isClosed("writing some to") { _ = try await ends.writer.writeSome([1]) }
    await isClosed("writing pieces to") { try await ends.writer.write(parts: [[1]]) }
  }

  func closedWhileWaiting(_ ends: Ends) async throws {
    let writing = Task { try await ends.writer.write(StreamBytes.plenty) }
    await settle()
    // A stream that says farewell needs a reader for it, or must give up and cut the connection.
    async let closing: Void = ends.writer.close()
    await settle()
    _ = try await StreamBytes.toEnd(ends.reader)
    await closing
    await isClosed("waiting to write to") { try await writing.value }

    let reading = Task { try await ends.reader.read(atMost: 1) }
    await settle()
    await ends.reader.close()
    // What was at its end may say so first.
    if case .failure(let error) = await reading.result {
      expect((error as? IOError)?.code == .closed, "closing wakes who reads, with `closed` and not \(error)")
    }
  }

  private func isClosed(_ what: String, _ body: () async throws -> Void) async {
    do {
      try await body()
      expect(false, "\(what) a closed stream fails")
    } catch {
      expect((error as? IOError)?.code == .closed, "\(what) a closed stream is `closed`, not \(error)")
    }
  }

  func oneTooMany(_ ends: Ends) async throws {
    let first = Task { try await ends.reader.read(atMost: 10) }
    await settle()
    do {
      _ = try await ends.reader.read(atMost: 10)
      expect(false, "a second reader is refused")
    } catch {
      expect((error as? IOError)?.code == .busy, "a second reader is refused as `busy`, not with \(error)")
    }
    try await ends.writer.write([1])
    expect(try await first.value == [1], "a second reader does not disturb the first")
    // And one that waits while the stream is closed is woken.
    let last = Task { try await ends.reader.read(atMost: 10) }
    await settle()
    await ends.reader.close()
    await isClosed("waiting to read from") { _ = try await last.value }
  }
}
