// A TLS client, and a server for it to talk to: no network is needed.

import AsyncIO
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

  // The server: a listener as any other, with a context that says who it is.
  let listener = try TCPListener(port: 0)
  let serverContext = try TLSContext.server(certificates: certificates, key: key)
  let serving = createTask(name: "server") {
    try await listener.serve(tls: serverContext) { stream in
      let name = String(decoding: try await stream.read(atMost: 100), as: UTF8.self)
      try await stream.write("Hello, \(name)!")
    }
  }

  // The client trusts that certificate. Without a context it trusts the authorities that the system does.
  let port = listener.localAddress.port
  let context = try TLSContext.client { $0.trustRoots = .certificates(certificates) }
  let stream = try await TLSStream.connect(
    host: "127.0.0.1", port: port, serverName: "localhost", context: context)
  try await stream.write("world")
  print(String(decoding: try await stream.read(atMost: 100), as: UTF8.self))
  await stream.close()

  // What is wrong with a peer is said in words.
  do {
    _ = try await TLSStream.connect(host: "127.0.0.1", port: port, serverName: "localhost")
  } catch let error as TLSError {
    print(error)
  }
  serving.cancel()
}
