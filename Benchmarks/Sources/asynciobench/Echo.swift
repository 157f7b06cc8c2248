/// An echo server on a port of the loopback interface, until it is killed.
///
/// It prints nothing: the load generator counts.
func serveEcho(port: String?) async throws {
  throw NotYet()
}
