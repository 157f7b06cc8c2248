import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTLS
import AsyncIOTesting
import Testing

@Suite(.virtualTime) struct TLSErrorTests {
  @Test(arguments: [
    (
      "expired", TLSError.Code.certificateExpired,
      "the certificate of server.test, *.wild.test, localhost, 127.0.0.1, 0:0:0:0:0:0:0:1 has expired on 2021-01-01 00:00:00 UTC"
    ),
    (
      "future", .certificateNotYetValid,
      "the certificate of server.test, *.wild.test, localhost, 127.0.0.1, 0:0:0:0:0:0:0:1 is not valid before 2100-01-01 00:00:00 UTC"
    ),
    (
      "self-signed", .selfSignedCertificate,
      "the certificate of server.test, *.wild.test, localhost, 127.0.0.1, 0:0:0:0:0:0:0:1 is signed with its own key, and is not trusted"
    ),
    (
      "stranger", .unknownAuthority,
      "the certificate of server.test, *.wild.test, localhost, 127.0.0.1, 0:0:0:0:0:0:0:1 leads to no trusted and valid authority"
    ),
  ])
  func `a bad certificate is refused with the reason`(
    _ name: String, _ code: TLSError.Code, _ message: String
  ) async throws {
    let errors = await handshakeErrors(
      client: try TestCertificates.client(), server: try TestCertificates.server(name))
    #expect(errors.client?.code == code)
    #expect(errors.client?.message == message)
    #expect(errors.client?.description == "\(code): \(message)")
    #expect(errors.server?.code == .certificateRefused || errors.server?.code == .handshakeFailed)
  }

  @Test(arguments: ["other.test", "wild.test", "a.b.wild.test", "127.0.0.2", "::2"])
  func `a certificate for another host is refused with both names`(_ host: String) async throws {
    let errors = await handshakeErrors(
      serverName: host, client: try TestCertificates.client(), server: try TestCertificates.server())
    #expect(errors.client?.code == .wrongHost)
    #expect(
      errors.client?.message
        == "the certificate is not for \(host), but for server.test, *.wild.test, localhost, 127.0.0.1, 0:0:0:0:0:0:0:1"
    )
  }

  @Test func `the system's authorities do not know the tests' one`() async throws {
    let errors = await handshakeErrors(client: try TLSContext.client(), server: try TestCertificates.server())
    #expect(errors.client?.code == .unknownAuthority)
  }

  @Test func `without verification anything goes`() async throws {
    let client = try TLSContext.client { $0.certificateVerification = .none }
    for name in ["expired", "self-signed", "stranger"] {
      let pair = try await TLSPair(
        serverName: "who.ever", clientContext: client, serverContext: try TestCertificates.server(name))
      try await pair.client.write("x")
      #expect(try await pair.server.read(atMost: 1) == Array("x".utf8))
    }
  }

  @Test(arguments: [nil, "stranger-client"] as [String?])
  func `a client without a good certificate is refused, and told so`(_ name: String?) async throws {
    let server = try TestCertificates.server { configuration in
      configuration.certificateVerification = .noHostnameVerification
      configuration.trustRoots = .file(TestCertificates.path("authority.pem"))
    }
    let client = try TestCertificates.client { configuration in
      if let name { try TestCertificates.show(name, &configuration) }
    }
    let errors = await handshakeErrors(client: client, server: server)
    #expect(errors.server?.code == (name == nil ? .certificateRefused : .unknownAuthority))
    #expect(errors.client?.code == .certificateRefused)
    #expect(
      errors.client?.message
        == (name == nil
          ? "the peer requires a certificate, and got none"
          : "the peer does not know who has signed our certificate"))
  }

  @Test func `versions that do not meet are named`() async throws {
    let client = try TestCertificates.client { $0.minimumTLSVersion = .tlsv13 }
    let server = try TestCertificates.server { $0.maximumTLSVersion = .tlsv12 }
    let errors = await handshakeErrors(client: client, server: server)
    #expect(errors.client?.message == "the peer does not accept our versions of TLS")
    #expect(
      errors.server?.message == "the peer speaks only versions of TLS that are not allowed here")
  }

  @Test func `a peer that does not speak TLS is named`() async throws {
    let (base, peer) = MemoryStream.pair()
    try await peer.write("220 mail.test ESMTP ready\r\n")
    let error = await #expect(throws: TLSError.self) {
      try await TLSStream.client(
        over: base, serverName: "server.test", context: TestCertificates.client())
    }
    #expect(error?.code == .handshakeFailed)
    #expect(error?.message == "the peer does not answer in TLS")

    let (other, client) = MemoryStream.pair()
    try await client.write("GET / HTTP/1.1\r\nHost: server.test\r\n\r\n")
    let refusal = await #expect(throws: TLSError.self) {
      try await TLSStream.server(over: other, context: TestCertificates.server())
    }
    #expect(refusal?.message == "the peer speaks plain HTTP")
  }

  @Test func `a peer that goes during the handshake is named`() async throws {
    let (base, peer) = MemoryStream.pair()
    await settle()
    peer.close()
    await #expect(throws: IOError.self) {
      // Already the first flight finds nobody.
      try await TLSStream.client(over: base, serverName: "server.test", context: TestCertificates.client())
    }
    let (other, client) = MemoryStream.pair()
    client.close()
    let error = await #expect(throws: TLSError.self) {
      try await TLSStream.server(over: other, context: TestCertificates.server())
    }
    #expect(error?.message == "the peer closed the connection during the handshake")
  }

  @Test func `a file that is no certificate is named`() {
    let error = #expect(throws: TLSError.self) {
      try TLSContext.server(certificateFile: "/dev/null", keyFile: "/dev/null")
    }
    #expect(error?.code == .badConfiguration)
    #expect(error?.message.hasPrefix("/dev/null cannot be read as PEM") == true)
  }

  @Test func `a key that is not the certificate's is refused`() {
    let error = #expect(throws: TLSError.self) {
      try TLSContext.server(
        certificateFile: TestCertificates.path("server.pem"), keyFile: TestCertificates.path("client.key.pem")
      )
    }
    #expect(error?.code == .badConfiguration)
  }
}
