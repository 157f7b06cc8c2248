// Digest authentication (RFC 7616): the password is never sent, only what can be computed from it and a number of the server's.
//
// The number is kept for the server, so that only the first request has to be refused. Requests at the same time count up one
// counter, as no count may be used twice.

import HTTPTypes
import Synchronization

/// Proves that one knows a password without sending it, with MD5 or SHA-256.
///
/// ```swift
/// configuration.middleware = [.digest(user: "me", password: secret)]
/// ```
public final class HTTPDigestAuthentication: HTTPMiddleware {
  private struct Known {
    var challenge: HTTPDigestChallenge
    var count = 0
  }

  private let user: String
  private let password: String
  private let makeNonce: @Sendable () -> String
  /// By origin.
  private let known = Mutex<[String: Known]>([:])

  /// Makes the middleware.
  ///
  /// - Parameters:
  ///   - user: the name.
  ///   - password: the password.
  public convenience init(user: String, password: String) {
    self.init(user: user, password: password) {
      String(UInt64.random(in: .min ... .max), radix: 16)
        + String(UInt64.random(in: .min ... .max), radix: 16)
    }
  }

  init(user: String, password: String, makeNonce: @escaping @Sendable () -> String) {
    self.user = user
    self.password = password
    self.makeNonce = makeNonce
  }

  /// Adds the field `Authorization` if the server's challenge is known, and answers a new one once.
  public func send(_ request: HTTPClientRequest, next: HTTPNext) async throws -> HTTPClientResponse {
    if next.isRedirectedElsewhere(request) || request.fields.contains(.authorization) {
      return try await next(request)
    }
    let origin = "\(request.url.scheme)://\(request.url.authority)"
    let first = authorization(for: request, origin)
    let response = try await next(first.map { request.authorized($0, next) } ?? request)
    guard response.status == .unauthorized, request.body.isRepeatable,
      let challenge = HTTPDigestChallenge.best(of: response.values(of: .wwwAuthenticate)),
      // Refused although the number was fresh: the password is wrong.
      first == nil || challenge.isStale || known.withLock({ $0[origin]?.challenge.nonce != challenge.nonce })
    else { return response }
    known.withLock { $0[origin] = Known(challenge: challenge) }
    guard let second = authorization(for: request, origin) else { return response }
    return try await next(request.authorized(second, next))
  }

  private func authorization(for request: HTTPClientRequest, _ origin: String) -> String? {
    let found: (HTTPDigestChallenge, Int)? = known.withLock { known in
      guard known[origin] != nil else { return nil }
      known[origin]?.count += 1
      return known[origin].map { ($0.challenge, $0.count) }
    }
    guard let (challenge, count) = found else { return nil }
    return challenge.answer(
      user: user, password: password, method: request.method.rawValue, target: request.url.requestTarget,
      count: count, nonce: makeNonce())
  }
}

extension HTTPMiddleware where Self == HTTPDigestAuthentication {
  /// Proves that one knows a password without sending it.
  public static func digest(user: String, password: String) -> HTTPDigestAuthentication {
    HTTPDigestAuthentication(user: user, password: password)
  }
}

/// What a server asks in `WWW-Authenticate: Digest`.
struct HTTPDigestChallenge: Hashable, Sendable {
  enum Algorithm: Hashable, Sendable {
    case md5, sha256
  }

  let realm: String
  let nonce: String
  let opaque: String?
  let algorithm: Algorithm
  let algorithmName: String?
  let isSession: Bool
  /// Whether the count and a number of the client's are part of it.
  let hasQuality: Bool
  let isStale: Bool

  /// The strongest challenge that can be met.
  static func best(of values: [String]) -> HTTPDigestChallenge? {
    let all = values.flatMap(HTTPChallenge.parse).compactMap(HTTPDigestChallenge.init)
    return all.first { $0.algorithm == .sha256 } ?? all.first
  }

  init?(_ challenge: HTTPChallenge) {
    let parameters = challenge.parameters
    guard challenge.scheme == "digest", let realm = parameters["realm"], let nonce = parameters["nonce"]
    else {
      return nil
    }
    self.realm = realm
    self.nonce = nonce
    opaque = parameters["opaque"]
    algorithmName = parameters["algorithm"]
    switch algorithmName?.lowercased() {
    case nil, "md5": (algorithm, isSession) = (.md5, false)
    case "md5-sess": (algorithm, isSession) = (.md5, true)
    case "sha-256": (algorithm, isSession) = (.sha256, false)
    case "sha-256-sess": (algorithm, isSession) = (.sha256, true)
    default: return nil
    }
    if let qualities = parameters["qop"] {
      guard qualities.split(separator: ",").contains(where: { $0.trimmed.lowercased() == "auth" }) else {
        return nil
      }
      hasQuality = true
    } else {
      hasQuality = false
    }
    isStale = parameters["stale"]?.lowercased() == "true"
  }

  /// The value of `Authorization` (RFC 7616 §3.4).
  func answer(
    user: String, password: String, method: String, target: String, count: Int, nonce own: String
  ) -> String {
    let digits = String(count, radix: 16)
    let countText = String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    var secret = hash("\(user):\(realm):\(password)")
    if isSession { secret = hash("\(secret):\(nonce):\(own)") }
    let subject = hash("\(method):\(target)")
    let proof =
      hasQuality
      ? hash("\(secret):\(nonce):\(countText):\(own):auth:\(subject)") : hash("\(secret):\(nonce):\(subject)")
    var parts = [
      "username=\(Self.quote(user))", "realm=\(Self.quote(realm))", "nonce=\(Self.quote(nonce))",
      "uri=\(Self.quote(target))", "response=\"\(proof)\"",
    ]
    if let algorithmName { parts.append("algorithm=\(algorithmName)") }
    if let opaque { parts.append("opaque=\(Self.quote(opaque))") }
    if hasQuality { parts += ["qop=auth", "nc=\(countText)", "cnonce=\"\(own)\""] }
    return "Digest " + parts.joined(separator: ", ")
  }

  private static func quote(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      if scalar == "\"" || scalar == "\\" { quoted += "\\" }
      quoted.unicodeScalars.append(scalar)
    }
    return quoted + "\""
  }

  private func hash(_ text: String) -> String {
    let bytes = Array(text.utf8)
    let digest = algorithm == .md5 ? MessageDigest.md5(bytes) : MessageDigest.sha256(bytes)
    return digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}

/// A challenge in `WWW-Authenticate` or `Proxy-Authenticate` (RFC 9110 §11.6.1).
struct HTTPChallenge: Hashable, Sendable {
  /// In small letters.
  let scheme: String
  /// By names in small letters.
  var parameters: [String: String] = [:]

  /// Reads the challenges of one field value, which are separated by commas, as their parameters are.
  static func parse(_ text: String) -> [HTTPChallenge] {
    var challenges: [HTTPChallenge] = []
    var reader = HTTPFieldReader(text)
    while !reader.isAtEnd {
      reader.skipBlanks()
      if reader.skip(UInt8(ascii: ",")) { continue }
      let word = reader.takeToken()
      reader.skipBlanks()
      if word.isEmpty {
        _ = reader.take { $0 != UInt8(ascii: ",") }
      } else if reader.skip(UInt8(ascii: "=")), let last = challenges.indices.last {
        reader.skipBlanks()
        let value = reader.takeQuoted() ?? reader.takeToken()
        if challenges[last].parameters[word.lowercased()] == nil {
          challenges[last].parameters[word.lowercased()] = value
        }
        _ = reader.take { $0 != UInt8(ascii: ",") }
      } else {
        challenges.append(HTTPChallenge(scheme: word.lowercased()))
      }
    }
    return challenges
  }
}
