// A server: a listener, and a task for each connection (HTTPServerConnection.swift).
//
// Ending: `serve` cancelled cancels the tasks of the connections, handlers included, and waits for them. `close` is the
// gentle way: connections on which nothing is under way are closed, the others finish the answer they are at, which tells
// the client that it is the last. For that the server knows its connections, from their start to their end.

public import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import Synchronization

/// Answers requests over HTTP/1.1, and over HTTP/2 with clients that ask for it.
///
/// ```swift
/// let server = try HTTPServer(port: 8080) { request in
///   HTTPServerResponse(text: "You asked for \(request.path)\n")
/// }
/// try await server.serve()
/// ```
///
/// Requests of one connection are answered one after another, in their order, over HTTP/2 at the same time; and so are those of
/// different connections.
public final class HTTPServer: Sendable {
  /// Answers one request.
  public typealias Handler = @Sendable (HTTPServerRequest) async throws -> HTTPServerResponse

  /// The limits and habits of the server.
  public let configuration: Configuration
  let handler: Handler
  private let listener: TCPListener
  private let context: TLSContext?
  private let connections = Mutex<[ObjectIdentifier: any HTTPServedConnection]>([:])
  private let closing = Atomic(false)
  /// What is done when the server closes, by answers that do not end by themselves.
  let closingActions = Mutex(ClosingActions())

  /// Makes a server that listens already; connections are accepted by `serve`.
  ///
  /// - Parameters:
  ///   - host: a numeric address of this machine; `0.0.0.0` or `::` for all.
  ///   - port: the port; 0 lets the system choose, see `localAddress`.
  ///   - configuration: the server's limits and habits.
  ///   - handler: answers a request, in the task of its connection.
  /// - Throws: `IOError`, as when the port is in use.
  public convenience init(
    host: String = "127.0.0.1", port: Int, configuration: Configuration = Configuration(),
    handler: @escaping Handler
  ) throws {
    self.init(try TCPListener(host: host, port: port), configuration: configuration, handler: handler)
  }

  /// Makes a server for connections that a listener accepts.
  ///
  /// - Parameters:
  ///   - listener: closed when the server ends.
  ///   - configuration: the server's limits and habits.
  ///   - handler: answers a request, in the task of its connection.
  public init(
    _ listener: TCPListener, configuration: Configuration = Configuration(), handler: @escaping Handler
  ) {
    self.listener = listener
    self.configuration = configuration
    self.handler = handler
    context = configuration.tls?.offering(configuration.protocolNames)
  }

  /// Where the server listens, with the port that the system has chosen for 0.
  public var localAddress: SocketAddress { listener.localAddress }

  /// Accepts connections and answers requests until the server is closed or the task cancelled; called once.
  ///
  /// - Throws: `CancellationError`; `IOError` when the listener fails. After `close` it returns without an error.
  ///
  /// ## Cancellation
  /// Cancels the handlers, waits for their ends, and closes all connections.
  public func serve() async throws {
    defer { listener.close() }
    try await listener.serve(limit: configuration.maximumConnections) { [self] socket in
      let task = CancellableTask.current
      let address = try? socket.remoteAddress
      guard let context else { return await serve(.plain(socket), from: address, in: task) }
      // Who cannot or will not agree on encryption gets no answer.
      let secured = try? await TLSStream<SocketStream>.server(over: socket, context: context)
      if let secured { await serve(.secure(secured), from: address, in: task) }
    }
  }

  private func serve(_ stream: HTTPTransport, from address: SocketAddress?, in task: CancellableTask?) async {
    var beginning: [UInt8]? = speaksHTTP2(over: stream) ? [] : nil
    if beginning == nil {
      let connection = HTTPServerConnection(stream, from: address, of: self)
      beginning = await knowing(connection) { await connection.serve(in: task) }
    }
    if let beginning { await serveHTTP2(over: stream, beginning: beginning, from: address) }
  }

  /// Runs `body` with a connection among those that `close` ends gently.
  func knowing<Result>(_ connection: any HTTPServedConnection, _ body: () async -> Result) async -> Result {
    connections.withLock { $0[ObjectIdentifier(connection)] = connection }
    let result = await body()
    connections.withLock { $0[ObjectIdentifier(connection)] = nil }
    return result
  }

  /// Ends the server gently: no more connections, no more requests; answers under way are finished, then `serve` returns.
  ///
  /// Idempotent.
  public func close() {
    closing.store(true, ordering: .sequentiallyConsistent)
    // What a client has sent that is not accepted yet is answered too.
    listener.closeAfterAccepting()
    let connections = connections.withLock { Array($0.values) }
    for connection in connections { connection.closeIfIdle() }
    performClosingActions()
  }

  /// Ends the server in order: as `close`, then the handlers that are left after a while are cancelled, and the connections of those
  /// that do not end by that are aborted.
  ///
  /// ```swift
  /// for await _ in try signals(SIGTERM) { await server.shutdown(grace: .seconds(30)) }
  /// ```
  ///
  /// - Parameters:
  ///   - grace: How long answers that are under way may take.
  ///   - cleanup: How long handlers that were cancelled may take.
  ///
  /// ## Cancellation
  /// Cuts both times short; the handlers are waited for in any case.
  public func shutdown(grace: Duration, cleanup: Duration = .seconds(1)) async {
    close()
    await listener.shutdown(grace: grace, cleanup: cleanup)
  }

  /// Whether `close` was called.
  var isClosing: Bool { closing.load(ordering: .sequentiallyConsistent) }
}

/// A connection that a server has accepted, of whatever version.
protocol HTTPServedConnection: AnyObject, Sendable {
  /// Lets the connection end as soon as no request is under way.
  func closeIfIdle()
}
