import AsyncIOHTTP

/// What went wrong with a request, without its URL, which stands beside it.
enum FailureText {
  /// The text for an error that a session has thrown.
  static func of(_ error: any Error) -> String {
    guard let error = error as? HTTPError else { return "\(error)" }
    // After the method and the URL.
    guard let end = error.message.firstRange(of: "\(error.url): ")?.upperBound else { return error.message }
    return String(error.message[end...])
  }
}
