import ArgumentParser
import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS

extension ServeCommand {
  /// Serves pages until Ctrl-C.
  func execute() throws {
    let settings = PageSettings(delay: delay.duration, size: size.bytes, errorRate: errorRate)
    let (host, port) = (host, port)
    let context = try tls()
    let scheme = context == nil ? "http" : "https"
    try onLoop {
      let server = try PageServer.make(host: host, port: port, tls: context, settings)
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
