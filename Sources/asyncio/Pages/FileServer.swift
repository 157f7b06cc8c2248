import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS

/// The server of a directory.
enum FileServer {
  /// Makes a server that listens already.
  ///
  /// - Parameters:
  ///   - directory: What to serve.
  ///   - host: A numeric address of this machine.
  ///   - port: The port; 0 lets the system choose.
  ///   - context: Who the server is, over TLS; nil for plain.
  /// - Returns: The server; `serve` accepts connections.
  /// - Throws: `IOError`, as when there is no such directory, or the port is in use.
  static func make(
    _ directory: FilePath, host: String, port: Int, tls context: TLSContext?
  ) throws -> HTTPServer {
    var options = HTTPStaticFiles.Options()
    options.listsDirectories = true
    // What was changed is to be seen when the page is loaded again.
    options.cacheControl = "no-cache"
    var router = HTTPRouter()
    router.files("", try HTTPStaticFiles(directory, options: options))
    var configuration = HTTPServer.Configuration()
    configuration.tls = context
    configuration.accessLog = { record in StandardStream.output.write("\(record)\n") }
    return try HTTPServer(host: host, port: port, configuration: configuration, router: router)
  }
}
