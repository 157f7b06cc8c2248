internal import NIOCore
internal import NIOTLS

/// The handler after that of TLS, which is told when the handshake is done; touched in turns of the loop only.
final class HandshakeObserver: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private(set) var isDone = false
  private(set) var negotiatedProtocol: String?

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted(let negotiatedProtocol)? = event as? TLSUserEvent {
      isDone = true
      self.negotiatedProtocol = negotiatedProtocol
    }
    context.fireUserInboundEventTriggered(event)
  }
}
