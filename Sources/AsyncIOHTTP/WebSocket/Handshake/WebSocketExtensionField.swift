/// An element of `Sec-WebSocket-Extensions` (RFC 6455 §9.1).
struct WebSocketExtension: Equatable, Sendable {
  var name: String
  /// Parameters in their order; nil for the value of one that has none.
  var parameters: [(name: String, value: String?)]

  static func == (left: WebSocketExtension, right: WebSocketExtension) -> Bool {
    left.name == right.name
      && left.parameters.elementsEqual(right.parameters) { $0.name == $1.name && $0.value == $1.value }
  }

  /// Reads the values of the field; nil if one of them is malformed.
  ///
  /// No parameter that is known has commas or semicolons in its value, so none are looked for within quotes.
  static func read(_ values: [String]) -> [WebSocketExtension]? {
    var extensions: [WebSocketExtension] = []
    for element in values.flatMap({ $0.split(separator: ",") }) {
      let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(\.trimmed)
      guard parts.allSatisfy({ !$0.isEmpty }) else {
        if parts == [""] { continue }
        return nil
      }
      var parameters: [(name: String, value: String?)] = []
      for part in parts.dropFirst() {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(\.trimmed)
        guard let value = pair.count == 2 ? unquoted(pair[1]) : .some(nil), !pair[0].isEmpty else {
          return nil
        }
        parameters.append((pair[0].lowercased(), value))
      }
      extensions.append(WebSocketExtension(name: parts[0].lowercased(), parameters: parameters))
    }
    return extensions
  }

  /// The value without its quotes; nil if it is none.
  private static func unquoted(_ value: String) -> String?? {
    if value.isEmpty { return nil }
    guard value.hasPrefix("\"") else { return .some(value) }
    guard value.count >= 3, value.hasSuffix("\"") else { return nil }
    return .some(String(value.dropFirst().dropLast()))
  }
}
