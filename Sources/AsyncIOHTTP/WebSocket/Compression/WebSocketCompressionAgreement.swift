// The agreement on compression in the handshake (RFC 7692 §7.1). Each side may limit both windows, and may demand that no context
// is kept from message to message; what the server answers counts.

/// What both sides have agreed on, and how each direction is compressed.
struct WebSocketCompressionAgreement: Equatable, Sendable {
  static let name = "permessage-deflate"

  var serverWindowBits = 15
  var clientWindowBits = 15
  var serverKeepsContext = true
  var clientKeepsContext = true

  /// The defaults of the extension.
  init() {}

  // MARK: The client

  /// What a client offers.
  static func offer(_ compression: WebSocketCompression) -> String {
    var text = "\(name); server_max_window_bits=\(compression.windowBits)"
    text += "; client_max_window_bits=\(compression.windowBits)"
    if !compression.keepsContext { text += "; server_no_context_takeover; client_no_context_takeover" }
    return text
  }

  /// Reads what the server has answered to the offer.
  ///
  /// - Returns: nil if the answer does not fit the offer.
  init?(answer: WebSocketExtension, to offer: WebSocketCompression) {
    guard let parameters = Parameters(answer), answer.name == Self.name else { return nil }
    if !offer.keepsContext, !parameters.serverDropsContext { return nil }
    if let bits = parameters.clientBits, bits == nil { return nil }
    let serverBits = parameters.serverBits ?? 15
    guard serverBits <= offer.windowBits else { return nil }
    serverWindowBits = serverBits
    clientWindowBits = min(parameters.clientBits.flatMap { $0 } ?? 15, offer.windowBits)
    serverKeepsContext = !parameters.serverDropsContext
    clientKeepsContext = offer.keepsContext && !parameters.clientDropsContext
  }

  // MARK: The server

  /// Chooses the first offer that can be accepted.
  ///
  /// - Returns: the agreement and the answer; nil if there is none.
  static func choose(
    _ offers: [WebSocketExtension], _ compression: WebSocketCompression
  ) -> (agreement: WebSocketCompressionAgreement, answer: String)? {
    for offer in offers where offer.name == name {
      guard let parameters = Parameters(offer) else { continue }
      var agreement = WebSocketCompressionAgreement()
      var answer = name
      if parameters.serverDropsContext || !compression.keepsContext {
        agreement.serverKeepsContext = false
        answer += "; server_no_context_takeover"
      }
      if parameters.clientDropsContext || !compression.keepsContext {
        agreement.clientKeepsContext = false
        answer += "; client_no_context_takeover"
      }
      agreement.serverWindowBits = min(parameters.serverBits ?? 15, compression.windowBits)
      if parameters.serverBits != nil || agreement.serverWindowBits < 15 {
        answer += "; server_max_window_bits=\(agreement.serverWindowBits)"
      }
      // The client's window can be limited only where it says that it knows how.
      if let bits = parameters.clientBits {
        agreement.clientWindowBits = min(bits ?? 15, compression.windowBits)
        answer += "; client_max_window_bits=\(agreement.clientWindowBits)"
      }
      return (agreement, answer)
    }
    return nil
  }

  /// The parameters of an offer or an answer.
  private struct Parameters {
    var serverDropsContext = false
    var clientDropsContext = false
    var serverBits: Int?
    /// There, perhaps without a number.
    var clientBits: Int??

    /// Reads them; nil if one is unknown, comes twice, or has no value that it may have.
    init?(_ element: WebSocketExtension) {
      var seen: Set<String> = []
      for (name, value) in element.parameters {
        guard seen.insert(name).inserted else { return nil }
        switch name {
        case "server_no_context_takeover" where value == nil: serverDropsContext = true
        case "client_no_context_takeover" where value == nil: clientDropsContext = true
        case "server_max_window_bits":
          guard let bits = Self.bits(value) else { return nil }
          serverBits = bits
        case "client_max_window_bits":
          if value == nil {
            clientBits = .some(nil)
          } else {
            guard let bits = Self.bits(value) else { return nil }
            clientBits = .some(bits)
          }
        default: return nil
        }
      }
    }

    private static func bits(_ value: String?) -> Int? {
      guard let value, let bits = Int(value), (8...15).contains(bits), "\(bits)" == value else { return nil }
      return bits
    }
  }
}
