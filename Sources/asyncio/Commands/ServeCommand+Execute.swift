import ArgumentParser
import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS

extension ServeCommand {
  /// Serves pages until Ctrl-C.
  func execute() throws {
    let settings = PageSettings(delay: delay.duration, size: size.bytes, errorRate: errorRate)
    let (host, port) = (host, port)
    let site = site.map { Site(pages: $0) }
    let context = try tls()
    let scheme = context == nil ? "http" : "https"
    try onLoop {
      let server =
        if let site {
          try PageServer.make(host: host, port: port, tls: context, handler: site.answer)
        } else {
          try PageServer.make(host: host, port: port, tls: context, settings)
        }
      StandardStream.output.write("Serving on \(scheme)://\(server.localAddress)/ (Ctrl-C stops it)\n")
      try await server.serve()
    }
  }

  private func tls() throws -> TLSContext? {
    guard let cert, let key else { return nil }
    do {
      return try TLSContext.server(certificateFile: cert, keyFile: key)
    } catch {
      throw fail("the certificate cannot be used: \(error)")
    }
  }
}
