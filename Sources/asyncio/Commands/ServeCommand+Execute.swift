import ArgumentParser
import AsyncIO
import AsyncIOHTTP

extension ServeCommand {
  /// Serves pages until Ctrl-C.
  func execute() throws {
    let settings = PageSettings(delay: delay.duration, size: size.bytes, errorRate: errorRate)
    let (host, port) = (host, port)
    try onLoop {
      let server = try PageServer.make(host: host, port: port, settings)
      StandardStream.output.write("Serving on http://\(server.localAddress)/ (Ctrl-C stops it)\n")
      try await server.serve()
    }
  }
}
