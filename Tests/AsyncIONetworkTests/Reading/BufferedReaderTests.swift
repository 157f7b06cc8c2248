import AsyncIOCoordination
import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct BufferedReaderTests {
  /// A stream on which this text comes, in pieces of a size, and then the end.
  private func stream(_ text: String, piece: Int = .max, ends: Bool = true) -> MemoryStream {
    let (one, other) = MemoryStream.pair()
    Task {
      var rest = Array(text.utf8)[...]
      while !rest.isEmpty {
        try await one.write(rest.prefix(piece))
        rest = rest.dropFirst(piece)
        await Task.yield()
      }
      if ends { one.close() } else { try await sleep(for: .seconds(3600)) }
    }
    return other
  }

  private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

  // MARK: Any amount

  @Test func `what has come is given, and the rest stays`() async throws {
    let reader = BufferedReader(stream("abcdef"))
    #expect(try await reader.peek(3) == bytes("abc"))
    #expect(reader.bufferedCount == 6)
    #expect(try await reader.read(atMost: 4) == bytes("abcd"))
    #expect(try await reader.read(atMost: 4) == bytes("ef"))
    #expect(try await reader.read(atMost: 4).isEmpty)
    #expect(try await reader.isAtEnd())
  }

  @Test(arguments: [1, 2, 3, 100]) func `exactly so many bytes`(_ piece: Int) async throws {
    let reader = BufferedReader(stream("abcdefg", piece: piece))
    #expect(try await reader.read(exactly: 0).isEmpty)
    #expect(try await reader.read(exactly: 3) == bytes("abc"))
    #expect(try await reader.read(exactly: 3) == bytes("def"))
    #expect(try await !reader.isAtEnd())
    let error = await #expect(throws: IOError.self) { try await reader.read(exactly: 3) }
    #expect(error?.code == .unexpectedEnd)
    #expect(error?.isDisconnection == true)
    #expect(reader.bufferedCount == 1)
    #expect(try await reader.read(exactly: 1) == bytes("g"))
    await #expect(throws: IOError.self) { try await reader.read(exactly: 1) }
    #expect(try await reader.isAtEnd())
  }

  @Test func `a large amount comes as a whole`() async throws {
    let (one, other) = MemoryStream.pair(capacity: 10_000)
    let sent = pattern(3_000_000)
    let writing = Task { try await one.write(sent) }
    let reader = BufferedReader(other)
    #expect(try await reader.read(exactly: 5) == Array(sent[..<5]))
    #expect(try await reader.read(exactly: 2_999_990) == Array(sent[5..<2_999_995]))
    #expect(try await reader.read(exactly: 5) == Array(sent[2_999_995...]))
    try await writing.value
  }

  @Test func `to the end, and no more than the maximum`() async throws {
    #expect(try await BufferedReader(stream("abc", piece: 1)).readToEnd(maximum: 3) == bytes("abc"))
    let reader = BufferedReader(stream("abcd", piece: 1))
    let error = await #expect(throws: IOError.self) { try await reader.readToEnd(maximum: 3) }
    #expect(error?.code == .overLimit)
    #expect(try await reader.readToEnd(maximum: 4) == bytes("abcd"))
    #expect(try await reader.readToEnd(maximum: 0).isEmpty)
  }

  @Test func `a look takes nothing, and is shorter at the end`() async throws {
    let reader = BufferedReader(stream("abc", piece: 1))
    #expect(try await reader.peek(2) == bytes("ab"))
    #expect(try await reader.peek(2) == bytes("ab"))
    #expect(try await reader.peek(10) == bytes("abc"))
    #expect(try await reader.read(atMost: 10) == bytes("abc"))
    #expect(try await reader.peek(10).isEmpty)
  }

  // MARK: Separators

  @Test(arguments: 1...12) func `up to a separator, wherever it is torn`(_ piece: Int) async throws {
    let reader = BufferedReader(stream("a\r\n\r\nbb\r\r\n\r\n\r\n\r\nc\r\n", piece: piece))
    let separator = bytes("\r\n\r\n")
    #expect(try await reader.read(until: separator) == bytes("a\r\n\r\n"))
    #expect(try await reader.read(until: separator) == bytes("bb\r\r\n\r\n"))
    #expect(try await reader.read(until: separator) == bytes("\r\n\r\n"))
    let error = await #expect(throws: IOError.self) { try await reader.read(until: separator) }
    #expect(error?.code == .unexpectedEnd)
    #expect(try await reader.readToEnd(maximum: 100) == bytes("c\r\n"))
  }

  @Test(arguments: [1, 2, 5, 100]) func `what is longer than the maximum stays`(_ piece: Int) async throws {
    let reader = BufferedReader(stream("abcdef--gh--", piece: piece), maximum: 6)
    let separator = bytes("--")
    for _ in 0..<3 {
      let error = await #expect(throws: IOError.self) { try await reader.read(until: separator) }
      #expect(error?.code == .overLimit)
      #expect(error?.isDisconnection == false)
    }
    #expect(try await reader.read(until: separator, maximum: 8) == bytes("abcdef--"))
    #expect(try await reader.read(until: separator) == bytes("gh--"))
  }

  @Test func `exactly the maximum is not too long`() async throws {
    let reader = BufferedReader(stream("abcd\nabcde\n", piece: 1), maximum: 5)
    #expect(try await reader.readLine() == "abcd")
    await #expect(throws: IOError.self) { try await reader.readLine() }
    #expect(try await reader.readLine(maximum: 6) == "abcde")
  }

  @Test func `a peer without separators fills no memory`() async throws {
    let (one, other) = MemoryStream.pair()
    let writing = Task { while true { try await one.write(pattern(10_000).map { $0 | 0x80 }) } }
    let reader = BufferedReader(other, maximum: 100_000)
    await #expect(throws: IOError.self) { try await reader.readLine() }
    #expect(reader.bufferedCount <= 100_000 + 16 * 1024)
    writing.cancel()
    _ = await writing.result
  }

  // MARK: Lines

  @Test(arguments: [1, 2, 3, 100]) func `lines, whatever their ends`(_ piece: Int) async throws {
    let reader = BufferedReader(stream("one\r\n\ntwo\n\rthree\r\nü\nlast", piece: piece))
    var lines: [String] = []
    for try await line in reader.lines { lines.append(line) }
    #expect(lines == ["one", "", "two", "\rthree", "ü", "last"])
    #expect(try await reader.readLine() == nil)
    #expect(try await reader.readLineBytes() == nil)
  }

  @Test func `lines as bytes, with what is no text`() async throws {
    let (one, other) = MemoryStream.pair()
    try await one.write([0xff, 0x0a, 0x61, 0x0d, 0x0a, 0x62])
    one.close()
    let reader = BufferedReader(other)
    #expect(try await reader.readLineBytes() == [0xff])
    #expect(try await reader.readLineBytes() == [0x61])
    #expect(try await reader.readLineBytes() == [0x62])
    #expect(try await reader.readLineBytes() == nil)
  }

  @Test func `leaving a loop over lines leaves the rest`() async throws {
    let reader = BufferedReader(stream("head\nbody of nine"))
    for try await line in reader.lines {
      #expect(line == "head")
      break
    }
    #expect(try await reader.read(exactly: 12) == bytes("body of nine"))
  }

  // MARK: Nothing is lost

  @Test func `a read that a timeout has ended may be repeated`() async throws {
    let (one, other) = MemoryStream.pair()
    let writing = Task {
      for piece in ["a long ", "line that ", "comes slowly\n", "12345"] {
        try await sleep(for: .seconds(1))
        try await one.write(piece)
      }
    }
    let reader = BufferedReader(other)
    var timeouts = 0
    var line: String?
    while line == nil {
      do {
        line = try await withTimeout(.milliseconds(290)) { try await reader.readLine() }
      } catch is TimeoutError {
        timeouts += 1
      }
    }
    #expect(line == "a long line that comes slowly")
    #expect(timeouts == 10)
    await #expect(throws: TimeoutError.self) {
      try await withTimeout(.milliseconds(300)) { try await reader.read(exactly: 5) }
    }
    #expect(try await reader.read(exactly: 5) == bytes("12345"))
    try await writing.value
  }

  @Test func `a thousand messages of all sizes`() async throws {
    let (one, other) = MemoryStream.pair(capacity: 777)
    let writing = Task {
      for number in 0..<1000 {
        try await one.write("\(number * 37 % 5000)\n")
        try await one.write(pattern(number * 37 % 5000))
      }
      one.close()
    }
    let reader = BufferedReader(other)
    var count = 0
    while let line = try await reader.readLine() {
      let size = try #require(Int(line))
      #expect(size == count * 37 % 5000)
      #expect(try await reader.read(exactly: size) == pattern(size))
      count += 1
    }
    #expect(count == 1000)
    try await writing.value
  }

  @Test func `misuse is refused`() async {
    await #expect(processExitsWith: .failure) { _ = BufferedReader(MemoryStream.pair().0, maximum: 0) }
    await #expect(processExitsWith: .failure) {
      _ = try await BufferedReader(MemoryStream.pair().0).read(until: [])
    }
    await #expect(processExitsWith: .failure) {
      _ = try await BufferedReader(MemoryStream.pair().0, maximum: 10).peek(11)
    }
  }
}
