import AsyncIOTLS

/// The certificates beside this file, which `Certificates/make` makes.
enum TestCertificates {
  static func path(_ name: String) -> String {
    let folder = #filePath.split(separator: "/").dropLast().joined(separator: "/")
    return "/\(folder)/Certificates/\(name)"
  }

  /// The context of a server that shows the certificate of this name.
  static func server(
    _ name: String = "server", closeTimeout: Duration = .seconds(5),
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    try TLSContext.server(
      certificateFile: path("\(name).pem"), keyFile: path("\(name).key.pem"), closeTimeout: closeTimeout,
      configure)
  }

  /// The context of a client that trusts the tests' authority.
  static func client(
    handshakeTimeout: Duration = .seconds(30), closeTimeout: Duration = .seconds(5),
    _ configure: (inout TLSConfiguration) throws -> Void = { _ in }
  ) throws -> TLSContext {
    try TLSContext.client(handshakeTimeout: handshakeTimeout, closeTimeout: closeTimeout) { configuration in
      configuration.trustRoots = .file(path("authority.pem"))
      try configure(&configuration)
    }
  }

  /// Makes a client show the certificate of this name.
  static func show(_ name: String, _ configuration: inout TLSConfiguration) throws {
    configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(path("\(name).pem")).map {
      .certificate($0)
    }
    configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: path("\(name).key.pem"), format: .pem))
  }
}
