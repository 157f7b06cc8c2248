import ArgumentParser

/// Who one is over TLS, for every command that may show a certificate.
struct CertificateOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("The certificate to show, in PEM; with '--key'.", valueName: "file"),
    completion: .file())
  var cert: String?

  @Option(help: ArgumentHelp("The key of the certificate, in PEM.", valueName: "file"), completion: .file())
  var key: String?

  func validate() throws {
    guard (cert == nil) == (key == nil) else {
      throw ValidationError("'--cert' and '--key' go together.")
    }
  }

  /// The files of the certificate and its key; nil where none is to be shown.
  var files: (cert: String, key: String)? {
    if let cert, let key { (cert, key) } else { nil }
  }
}
