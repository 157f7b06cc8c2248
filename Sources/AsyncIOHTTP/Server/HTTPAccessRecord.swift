import AsyncIONetwork
import AsyncIORuntime
public import HTTPTypes

/// A request that was answered, for a log.
public struct HTTPAccessRecord: Sendable {
  /// The request.
  public let request: HTTPServerRequest
  /// The status of the response.
  public let status: HTTPResponse.Status
  /// How many bytes its body had.
  public let size: Int
  /// How long it took, from when the handler was called to when the last byte was handed to the system.
  public let duration: Duration

  init(_ request: HTTPServerRequest, _ status: HTTPResponse.Status, size: Int, since start: LoopClock.Instant)
  {
    self.request = request
    self.status = status
    self.size = size
    duration = start.duration(to: .now)
  }
}

extension HTTPAccessRecord: CustomStringConvertible {
  /// One line, such as `127.0.0.1 "GET /pages/1" 200 512 3ms`.
  public var description: String {
    let client = request.remoteAddress?.ip ?? "-"
    let milliseconds =
      Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) / 1e15
    let time = milliseconds < 10 ? "\((milliseconds * 100).rounded() / 100)" : "\(Int(milliseconds))"
    return "\(client) \"\(request)\" \(status.code) \(size) \(time)ms"
  }
}
