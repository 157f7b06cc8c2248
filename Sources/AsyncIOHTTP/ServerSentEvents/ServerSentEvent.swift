/// An event that a server has sent (WHATWG HTML §9.2).
public struct ServerSentEvent: Hashable, Sendable {
  /// What kind of event it is: `message`, unless the server has said otherwise.
  public var event: String
  /// The data, whose lines are separated by line feeds.
  public var data: String
  /// The last identifier that the server has given, with this event or before; empty if none.
  public var id: String

  /// Makes an event.
  ///
  /// - Parameters:
  ///   - event: what kind of event it is.
  ///   - data: the data.
  ///   - id: the last identifier.
  public init(event: String = "message", data: String, id: String = "") {
    self.event = event
    self.data = data
    self.id = id
  }
}
