// The library below says that something failed; what a person needs is why.
//
// Verification ends with one error for all reasons. The reason is found by looking at the certificate that the peer has shown, and
// where that one is in order, it is the way to an authority that is not. What the peer found wrong comes as an alert, whose name
// stands in the text of the library's error.

internal import AsyncIORuntime
import Glibc
internal import NIOCore

extension TLSError {
  /// The error with its reason; itself if it is not one of NIOSSL's.
  ///
  /// - Parameters:
  ///   - error: What a stream or a handler has thrown.
  ///   - peer: The certificate that the peer has shown, if any.
  ///   - serverName: The name that it must be for, on the client's side.
  /// - Returns: A `TLSError` with the reason, or `error`.
  static func explaining(_ error: any Error, peer: NIOSSLCertificate?, serverName: String?) -> any Error {
    switch error {
    case is TLSError, is IOError, is CancellationError: return error
    case NIOSSLError.uncleanShutdown:
      return TLSError(
        .truncated, "the connection ended without the peer's farewell; bytes may be missing", cause: error)
    case NIOSSLError.handshakeFailed(let reason): return explaining(reason, error, peer, serverName)
    case let reason as BoringSSLError: return explaining(reason, error, peer, serverName)
    case let reason as NIOSSLExtraError where reason == .failedToValidateHostname:
      return wrongHost(serverName, peer, error)
    case NIOSSLError.unableToValidateCertificate, NIOSSLError.cannotFindPeerIP:
      return wrongHost(serverName, peer, error)
    default: return TLSError(.protocolViolation, "\(error)", cause: error)
    }
  }

  private static func explaining(
    _ reason: BoringSSLError, _ error: any Error, _ peer: NIOSSLCertificate?, _ serverName: String?
  ) -> TLSError {
    let names = names(of: reason)
    if names.contains("CERTIFICATE_VERIFY_FAILED") { return badCertificate(peer, error) }
    for name in names {
      if let (code, message) = meanings[name] { return TLSError(code, message, cause: error) }
      if let alert = name.firstRange(of: "_ALERT_") {
        let text = name[alert.upperBound...].lowercased().replacing("_", with: " ")
        return TLSError(.handshakeFailed, "the peer has ended the connection: \(text)", cause: error)
      }
    }
    let isHandshake = if case NIOSSLError.handshakeFailed = error { true } else { false }
    let text =
      names.isEmpty ? "\(reason)" : names.joined(separator: ", ").lowercased().replacing("_", with: " ")
    return TLSError(isHandshake ? .handshakeFailed : .protocolViolation, text, cause: error)
  }

  /// The library's names for what is wrong, such as `CERTIFICATE_VERIFY_FAILED`.
  private static func names(of reason: BoringSSLError) -> [String] {
    guard case .sslError(let stack) = reason else { return [] }
    return stack.map { entry in
      if entry == .eofDuringHandshake { return "EOF_DURING_HANDSHAKE" }
      // "error:10000416:SSL routines:OPENSSL_internal:NAME at file:line"
      let text = entry.description
      guard let start = text.firstRange(of: "OPENSSL_internal:")?.upperBound else { return text }
      return String(text[start...].prefix { $0 != " " })
    }
  }

  private static let meanings: [String: (Code, String)] = [
    "EOF_DURING_HANDSHAKE": (.handshakeFailed, "the peer closed the connection during the handshake"),
    "WRONG_VERSION_NUMBER": (.handshakeFailed, "the peer does not answer in TLS"),
    "HTTP_REQUEST": (.handshakeFailed, "the peer speaks plain HTTP"),
    "HTTPS_PROXY_REQUEST": (.handshakeFailed, "the peer speaks plain HTTP, as to a proxy"),
    "UNSUPPORTED_PROTOCOL": (
      .handshakeFailed, "the peer speaks only versions of TLS that are not allowed here"
    ),
    "NO_SHARED_CIPHER": (.handshakeFailed, "both sides have no cipher in common"),
    "NO_APPLICATION_PROTOCOL": (.handshakeFailed, "both sides have no application protocol in common"),
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": (
      .certificateRefused, "the peer has shown no certificate, and one is required"
    ),
    "DECRYPTION_FAILED_OR_BAD_RECORD_MAC": (
      .protocolViolation, "bytes were changed on their way, or are not the peer's"
    ),
    "TLSV1_ALERT_UNKNOWN_CA": (.certificateRefused, "the peer does not know who has signed our certificate"),
    "TLSV1_ALERT_CERTIFICATE_REQUIRED": (
      .certificateRefused, "the peer requires a certificate, and got none"
    ),
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": (
      .certificateRefused, "the peer requires a certificate, and got none"
    ),
    "SSLV3_ALERT_BAD_CERTIFICATE": (.certificateRefused, "the peer finds our certificate bad"),
    "SSLV3_ALERT_CERTIFICATE_EXPIRED": (.certificateRefused, "the peer finds our certificate expired"),
    "SSLV3_ALERT_CERTIFICATE_REVOKED": (.certificateRefused, "the peer finds our certificate revoked"),
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": (.certificateRefused, "the peer does not accept our certificate"),
    "SSLV3_ALERT_UNSUPPORTED_CERTIFICATE": (
      .certificateRefused, "the peer cannot use our kind of certificate"
    ),
    "TLSV1_ALERT_PROTOCOL_VERSION": (.handshakeFailed, "the peer does not accept our versions of TLS"),
    "TLSV1_ALERT_NO_APPLICATION_PROTOCOL": (
      .handshakeFailed, "both sides have no application protocol in common"
    ),
    "TLSV1_ALERT_UNRECOGNIZED_NAME": (.handshakeFailed, "the peer does not know the server's name"),
  ]

  // MARK: Certificates

  private static func badCertificate(_ peer: NIOSSLCertificate?, _ error: any Error) -> TLSError {
    guard let peer else {
      return TLSError(.unknownAuthority, "the peer's certificate could not be verified", cause: error)
    }
    let now = time(nil)
    let (code, what): (Code, String) =
      if now > peer.notValidAfter {
        (.certificateExpired, "has expired on \(date(peer.notValidAfter))")
      } else if now < peer.notValidBefore {
        (.certificateNotYetValid, "is not valid before \(date(peer.notValidBefore))")
      } else if CertificateNames.isSelfIssued(peer) {
        (.selfSignedCertificate, "is signed with its own key, and is not trusted")
      } else {
        (.unknownAuthority, "leads to no trusted and valid authority")
      }
    return TLSError(code, "the certificate of \(CertificateNames.describe(peer)) \(what)", cause: error)
  }

  private static func wrongHost(
    _ serverName: String?, _ peer: NIOSSLCertificate?, _ error: any Error
  ) -> TLSError {
    let names = peer.map { CertificateNames.describe($0) } ?? "others"
    return TLSError(
      .wrongHost, "the certificate is not for \(serverName ?? "this host"), but for \(names)", cause: error)
  }

  /// A day and time in UTC, such as `2026-01-31 12:00:00 UTC`.
  private static func date(_ seconds: time_t) -> String {
    var (seconds, parts) = unsafe (seconds, tm())
    guard unsafe gmtime_r(&seconds, &parts) != nil else { return "\(seconds)" }
    var text = [CChar](repeating: 0, count: 32)
    guard unsafe strftime(&text, text.count, "%Y-%m-%d %H:%M:%S UTC", &parts) > 0 else { return "\(seconds)" }
    return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
