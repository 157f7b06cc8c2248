import Testing

extension ExitTest.Result? {
  /// Whether the process has said `sentence` before it ended.
  func says(_ sentence: String) -> Bool {
    guard let self else { return false }
    return String(decoding: self.standardErrorContent, as: UTF8.self).contains(sentence)
  }
}
