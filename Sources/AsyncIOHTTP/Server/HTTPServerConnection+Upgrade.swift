import AsyncIONetwork
import AsyncIORuntime
import HTTPTypes

// Connections that leave HTTP (RFC 9110 §7.8).

/// A connection that has left HTTP.
struct HTTPUpgradedConnection: Sendable {
  /// Speaks whatever was agreed on; closed by the server, if not before, when the connection is given back.
  let stream: any ByteStream
  /// What has come behind the request.
  let input: [UInt8]
  /// Whose connection it is.
  let server: HTTPServer
}

extension HTTPServerConnection {
  /// Puts the head of an upgrade in the place of what `output` holds.
  func prepareUpgrade(
    _ response: HTTPServerResponse, _ takeOver: @escaping @Sendable (HTTPUpgradedConnection) async -> Void,
    to head: HTTPRequestHead, _ output: inout [UInt8], isBodyOpen: Bool
  ) -> Answer {
    // HTTP/1.0 knows no upgrades.
    guard head.version == .http11 else {
      return prepare(.plain(.upgradeRequired), to: head, &output, isBodyOpen: isBodyOpen)
    }
    output.removeAll(keepingCapacity: true)
    do {
      _ = try HTTPEncoder.appendHead(
        of: response.status, response.fields, answering: head.method, framing: .none,
        connection: .unspecified, date: .shared, to: &output)
      return Answer(rest: .upgrade(takeOver), isKept: false)
    } catch {
      EventLoop.reportUnhandled(error, source: "the response to \(head.method) \(head.path ?? "")")
      return prepare(.plain(.internalServerError), to: head, &output, isBodyOpen: isBodyOpen)
    }
  }

  /// Lets somebody else have the connection, until that one is done.
  func hand(
    over buffers: inout Buffers, to takeOver: @Sendable (HTTPUpgradedConnection) async -> Void
  ) async {
    clearDeadline()
    var input: [UInt8] = []
    buffers.input.move(atMost: buffers.input.count, to: &input)
    // Its memory is not needed any more, and the connection may last.
    buffers.input = HTTPInput()
    buffers.output = []
    guard let stream = stream.byteStream else { return }
    await takeOver(HTTPUpgradedConnection(stream: stream, input: input, server: server))
  }
}
