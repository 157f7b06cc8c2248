import ArgumentParser
import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS
import Glibc

extension ServeCommand {
  /// How long answers that are under way may take after SIGTERM.
  private static let grace = Duration.seconds(10)

  /// Serves pages or files until Ctrl-C.
  func execute() throws {
    let settings = PageSettings(delay: delay.duration, size: size.bytes, errorRate: errorRate)
    let (host, port, directory) = (host, port, directory)
    let site = site.map { Site(pages: $0) }
    let context = try tls()
    let scheme = context == nil ? "http" : "https"
    try onLoop {
      let server =
        if let directory {
          try FileServer.make(FilePath(directory), host: host, port: port, tls: context)
        } else if let site {
          try PageServer.make(host: host, port: port, tls: context, handler: site.answer)
        } else {
          try PageServer.make(host: host, port: port, tls: context, settings)
        }
      let what = directory.map { "\($0) " } ?? ""
      StandardStream.output.write("Serving \(what)on \(scheme)://\(server.localAddress)/ (Ctrl-C stops it)\n")
      try await Self.serve(server)
    }
  }

  /// Serves until the server has ended after SIGTERM, or the task is cancelled.
  private static func serve(_ server: HTTPServer) async throws {
    let terminations = try signals(SIGTERM)
    try await withTaskScope { scope in
      let watching = scope.createTask(name: "SIGTERM") {
        for await _ in terminations {
          await server.shutdown(grace: grace)
          return
        }
      }
      try await server.serve()
      watching.cancel()
    }
  }

  private func tls() throws -> TLSContext? {
    guard let (cert, key) = certificate.files else { return nil }
    do {
      return try TLSContext.server(certificateFile: cert, keyFile: key)
    } catch {
      throw fail("the certificate cannot be used: \(error)")
    }
  }
}
