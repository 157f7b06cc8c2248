// HTTP/2: many requests at once over one connection, with the server's handlers as they are.

import AsyncIO
import AsyncIOHTTP
import AsyncIOTLS

// Made for this example, and worth nothing elsewhere.
let certificatePEM = """
  -----BEGIN CERTIFICATE-----
  MIIBYzCCAQmgAwIBAgIUGcHKPB7CDndyQfMJF9F7BpyKC/UwCgYIKoZIzj0EAwIw
  FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI1MDEwMTAwMDAwMFoYDzIxMjUwMTAx
  MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
  PQMBBwNCAAQqT7bOJB+VmvoRbbLKoxplM8ljVr9JMy58LB//ZTt2lkfNZQxzaPDa
  bifPZEahLOQBtooaB6Wr7MBfk4/LocBzozcwNTAUBgNVHREEDTALgglsb2NhbGhv
  c3QwHQYDVR0OBBYEFAjx89+tqfXt30SPJUu/sHvQ+JEdMAoGCCqGSM49BAMCA0gA
  MEUCIQDmq2xyMLtT0j/if83ndL6euK98RB06jnSFK1jBHkgDIQIgOjnSt1mLmAHb
  fQF5Zv4ArW8aJHIQvSj+HIIAJEP7wsQ=
  -----END CERTIFICATE-----
  """
let keyPEM = """
  -----BEGIN PRIVATE KEY-----
  MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx3cRgeFzwCTRP3T9
  9lmhpL32rKEPnJawpjweMmUjY/ahRANCAAQqT7bOJB+VmvoRbbLKoxplM8ljVr9J
  My58LB//ZTt2lkfNZQxzaPDabifPZEahLOQBtooaB6Wr7MBfk4/LocBz
  -----END PRIVATE KEY-----
  """

try EventLoop.run {
  let certificates = try NIOSSLCertificate.fromPEMBytes(Array(certificatePEM.utf8))
  let key = try NIOSSLPrivateKey(bytes: Array(keyPEM.utf8), format: .pem)

  // The server speaks HTTP/2 with clients that ask for it during the TLS handshake, and HTTP/1.1 with all others.
  var serverConfiguration = HTTPServer.Configuration()
  serverConfiguration.tls = try TLSContext.server(certificates: certificates, key: key)
  // Without TLS only if it is allowed, with clients that begin with it.
  serverConfiguration.http2.acceptsPriorKnowledge = true
  let server = try HTTPServer(port: 0, configuration: serverConfiguration) { request in
    try await sleep(for: .milliseconds(100))
    return HTTPServerResponse(text: "\(request.path) for \(request.remoteAddress?.port ?? 0)")
  }
  let serving = createTask(name: "server") { try await server.serve() }

  // The session asks for HTTP/2 by itself. A hundred requests take as long as one, over one connection.
  var configuration = HTTPSession.Configuration()
  configuration.baseURL = try HTTPURL("https://localhost:\(server.localAddress.port)")
  configuration.tls = try TLSContext.client { $0.trustRoots = .certificates(certificates) }
  try await withHTTPSession(configuration) { session in
    let responses = try await gather(1...100) { try await session.get("/\($0)") }
    let connections = Set(responses.map { $0.text.split(separator: " ").last })
    print("\(responses.count) responses by \(responses[0].version) over \(connections.count) connection")
    precondition(responses.allSatisfy { $0.version == .http2 } && connections.count == 1)
  }

  // A request that is given up takes nothing with it: its stream is reset, and the others go on.
  try await withHTTPSession(configuration) { session in
    async let other = session.get("/other").status
    do {
      _ = try await session.get("/late", timeout: .milliseconds(20))
    } catch let error as TimeoutError {
      print("given up: \(error)")
    }
    let status = try await other
    print("the other one: \(status)")
    precondition(status == .ok)
  }
  serving.cancel()
}
