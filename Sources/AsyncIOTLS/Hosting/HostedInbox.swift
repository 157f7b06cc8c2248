// The last handler of a hosted pipeline: what comes out of it waits here for a task that reads.

internal import NIOCore

/// Messages that the handlers before it have made, and how their sequence ends; touched in turns of the loop only.
final class HostedInbox<Message>: ChannelInboundHandler {
  typealias InboundIn = Message

  private let channel: HostChannel
  var messages: CircularBuffer<Message> = []

  init(_ channel: HostChannel) { self.channel = channel }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) { messages.append(unwrapInboundIn(data)) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { channel.fail(error) }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .inputClosed? = event as? ChannelEvent { channel.endInput() }
  }
}
