import ArgumentParser
import AsyncIOHTTP
import AsyncIOTLS
import HTTPTypes

/// How servers are reached, for every command that asks some.
struct ConnectionOptions: ParsableArguments {
  @Option(
    name: [.customShort("H"), .long], parsing: .unconditionalSingleValue,
    help: ArgumentHelp("A field of each request; it may be given several times.", valueName: "name: value"))
  var header: [String] = []

  @Option(
    help: ArgumentHelp(
      "Certificates of the authorities to trust, in PEM. (default: those of the system)", valueName: "file"),
    completion: .file())
  var cacert: String?

  @OptionGroup var certificate: CertificateOptions

  @Option(
    help: ArgumentHelp(
      "A proxy for all, such as http://host:3128 or socks5://host; 'none' for none. (default: as the environment says)",
      valueName: "url"))
  var proxy: String?

  /// Whom to trust and who we are; nil for what is so by default.
  func tls() throws -> TLSContext? {
    let files = certificate.files
    guard cacert != nil || files != nil else { return nil }
    do {
      return try TLSContext.client { configuration in
        configuration.applicationProtocols = ["http/1.1"]
        if let cacert { configuration.trustRoots = .file(cacert) }
        if let (cert, key) = files {
          configuration.certificateChain = try NIOSSLCertificate.fromPEMFile(cert).map { .certificate($0) }
          configuration.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
      }
    } catch {
      throw fail("the certificates cannot be used: \(error)")
    }
  }

  /// Which requests go through which proxy.
  func proxies() throws -> HTTPProxies {
    guard let proxy else { return .environment }
    if proxy == "none" { return .none }
    do {
      return .all(try HTTPProxy(proxy))
    } catch {
      throw fail("\(error)")
    }
  }

  /// The fields of each request.
  func fields() throws -> HTTPFields {
    var fields = HTTPFields()
    for text in header {
      guard let colon = text.firstIndex(of: ":"), let name = HTTPField.Name(String(text[..<colon])) else {
        throw fail("'\(text)' is no field; give it as 'name: value'")
      }
      let value = text[text.index(after: colon)...].drop { $0 == " " }
      fields.append(HTTPField(name: name, value: String(value)))
    }
    return fields
  }
}
