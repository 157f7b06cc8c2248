/// What became of one URL.
struct FetchResult: Sendable, Equatable {
  /// How it ended.
  enum Outcome: Sendable, Equatable {
    /// The whole response arrived; its status may still speak of an error.
    case fetched(status: Int)
    /// No whole response arrived; the status is known where its head did.
    case failed(String, status: Int? = nil)
    /// The whole response arrived, and its body could not be saved.
    case notSaved(String, status: Int)
    /// It was not tried, or not to its end, because the user stopped.
    case notFetched
  }

  /// What was asked for, as given.
  var url: String
  /// How it ended.
  var outcome: Outcome
  /// Bytes of the body that arrived.
  var bytes: Int
  /// From the beginning of the request to its end.
  var duration: Duration
  /// The file in which the body was saved.
  var file: String?

  /// What became of `url`.
  init(_ url: String, _ outcome: Outcome, bytes: Int = 0, duration: Duration = .zero, file: String? = nil) {
    self.url = url
    self.outcome = outcome
    self.bytes = bytes
    self.duration = duration
    self.file = file
  }

  /// Whether the response arrived and its status is below 400.
  var isOK: Bool {
    if case .fetched(let status) = outcome { status < 400 } else { false }
  }

  /// Whether another attempt in another run would be one too many: what was not saved is to be saved then.
  var isFinished: Bool {
    switch outcome {
    case .fetched, .failed: true
    case .notSaved, .notFetched: false
    }
  }

  /// The status, where there is one.
  var status: Int? {
    switch outcome {
    case .fetched(let status): status
    case .failed(_, let status): status
    case .notSaved(_, let status): status
    case .notFetched: nil
    }
  }

  /// What went wrong, also where only the status says so.
  var problem: String { error ?? status.map { "HTTP status \($0)" } ?? "" }

  /// What went wrong, where no whole response arrived, or none was saved.
  var error: String? {
    switch outcome {
    case .fetched: nil
    case .failed(let message, _): message
    case .notSaved(let message, _): "not saved: \(message)"
    case .notFetched: "not fetched"
    }
  }
}

extension FetchResult {
  /// The result as a line of text: `200   1.2 KiB    35 ms  http://…`, or `---  …  http://… : message`.
  func line(palette: Palette = .plain) -> String {
    let isTried = outcome != .notFetched
    let bytes = isTried ? ByteSize(bytes).description : "-"
    let time = isTried ? duration.text : "-"
    var line = [
      statusText(palette: palette), bytes.padded(toWidth: 8, alignment: .trailing),
      time.padded(toWidth: 8, alignment: .trailing), url.printable,
    ].joined(separator: "  ")
    if let error { line += " : " + palette(error.printable, isTried ? .red : .dim) }
    if let file { line += palette(" → \(file.printable)", .dim) }
    return line
  }

  private func statusText(palette: Palette) -> String {
    guard case .fetched(let status) = outcome else { return palette("---", .red) }
    let text = String(status).padded(toWidth: 3, alignment: .trailing)
    return palette(text, status < 300 ? .green : status < 400 ? .cyan : .red)
  }

  /// The result as one line of JSON with the keys `url`, `status`, `bytes`, `milliseconds`, `error`, `file`;
  /// what is not known is `null`.
  var jsonLine: String {
    JSONText.object([
      ("url", .string(url)), ("status", JSONText(status)), ("bytes", .integer(bytes)),
      ("milliseconds", .decimal(duration.seconds * 1000, places: 3)), ("error", JSONText(error)),
      ("file", JSONText(file)),
    ])
  }
}
