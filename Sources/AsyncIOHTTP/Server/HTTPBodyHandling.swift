/// What becomes of the body of a request.
public enum HTTPBodyHandling: Hashable, Sendable {
  /// It is read before the handler is called, into `request.body`; one of more bytes is answered with 413.
  case collect(upTo: Int)
  /// The handler reads it as it comes, from `request.bodyStream`; one of more bytes is an error there.
  case stream(upTo: Int)
}
