import Testing

@testable import AsyncIOHTTP

/// The format of event streams, wherever the bytes are cut.
struct ServerSentEventParserTests {
  /// The events in `text`, however it is cut, such as `message:data#id`.
  private func events(_ bytes: [UInt8], cutInto size: Int) throws -> (
    found: [String], parser: ServerSentEventParser
  ) {
    var parser = ServerSentEventParser()
    var found: [String] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      parser.append(Array(rest.prefix(size)))
      rest = rest.dropFirst(size)
      while let event = try parser.next() { found.append("\(event.event):\(event.data)#\(event.id)") }
    }
    return (found, parser)
  }

  @Test(
    arguments: [
      // The examples of WHATWG HTML §9.2.6.
      ("data: YHOO\ndata: +2\ndata: 10\n\n", ["message:YHOO\n+2\n10#"]),
      (
        ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
        ["message:first event#1", "message:second event#", "message: third event#"]
      ),
      ("data\n\ndata\ndata\n\ndata:\n", ["message:#", "message:\n#"]),
      ("data:test\n\ndata: test\n\n", ["message:test#", "message:test#"]),
      // Ends of lines of all kinds.
      ("data: a\r\ndata: b\r\n\r\ndata: c\r\rdata: d\n\n", ["message:a\nb#", "message:c#", "message:d#"]),
      ("\r\n\r\ndata: a\n\r\n", ["message:a#"]), ("data: a\r\r\ndata: b\n\n", ["message:a#", "message:b#"]),
      // The mark, only at the start.
      ("\u{FEFF}data: a\n\n\u{FEFF}data: b\n\n", ["message:a#"]), ("\u{FEFF}\u{FEFF}data: a\n\n", []),
      // Kinds, comments, unknown fields.
      ("event: tick\ndata: 1\n\nevent: tock\n\ndata: 2\n\n", ["tick:1#", "message:2#"]),
      (":data: a\nData: b\n data: c\ndata : d\nfoo: e\ndata: f\n\n", ["message:f#"]),
      ("event:a\nevent: b\nevent:\ndata: 1\n\n", ["message:1#"]),
      // Identifiers hold on; one with NUL is none, and one of an event that is not complete neither.
      (
        "id: 1\n\ndata: a\n\nid: x\0y\ndata: b\n\nid: 2\ndata: c\n\nid: 3\n",
        ["message:a#1", "message:b#1", "message:c#2"]
      ),
      ("data: a:b: c\n\n", ["message:a:b: c#"]), ("data: häß😀\n\n", ["message:häß😀#"]),
      ("data: never complete", []), ("", []),
    ] as [(String, [String])])
  func `events are read`(text: String, expected: [String]) throws {
    for size in [1, 2, 3, 1000] {
      let found = try events(Array(text.utf8), cutInto: size).found
      #expect(found == expected, "in pieces of \(size)")
    }
  }

  @Test func `bytes that are no text are replaced`() throws {
    let found = try events(Array("data: a".utf8) + [0xFF, 0xC3] + Array("b\n\n".utf8), cutInto: 1).found
    #expect(found == ["message:a\u{FFFD}\u{FFFD}b#"])
  }

  @Test(
    arguments: [
      ("retry: 1500\n", 1500), ("retry:0\n", 0), ("retry: 1.5\n", nil), ("retry: -1\n", nil),
      ("retry:\n", nil),
      ("retry: 10\nretry: x\n", 10), ("retry: 99999999999999999999\n", nil), ("retry:  5\n", nil),
    ] as [(String, Int?)])
  func `the time for coming again is a number`(text: String, milliseconds: Int?) throws {
    let parser = try events(Array(text.utf8), cutInto: 3).parser
    #expect(parser.retry == milliseconds.map { .milliseconds($0) })
  }

  @Test func `the last identifier is that of the last complete event`() throws {
    let parser = try events(Array("id: 1\ndata: a\n\nid: 2\n\nid: 3\ndata: b\n".utf8), cutInto: 4).parser
    #expect(parser.lastEventID == "2")
  }

  @Test func `endless lines and events are stopped`() throws {
    for text in [
      "data: " + String(repeating: "x", count: 3000), String(repeating: "data: 12345678\n", count: 300),
    ] {
      var parser = ServerSentEventParser(limit: 1000)
      #expect(throws: ServerSentEventParser.TooLarge(limit: 1000)) {
        for byte in text.utf8 {
          parser.append([byte])
          _ = try parser.next()
        }
      }
    }
  }
}
