// The few options of a channel that handlers ask for.

internal import NIOCore

extension HostChannel {
  var syncOptions: (any NIOSynchronousChannelOptions)? { Options(channel: self) }

  func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
    loop.submit { try Options(channel: self).setOption(option, value: value) }
  }

  func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
    loop.submit { try Options(channel: self).getOption(option) }
  }

  private struct Options: NIOSynchronousChannelOptions {
    let channel: HostChannel

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws {
      switch (option, value) {
      case (is ChannelOptions.Types.AllowRemoteHalfClosureOption, let value as Bool):
        channel.allowsHalfClosure = value
      // Input comes when a task asks for it, whatever a handler would prefer.
      case (is ChannelOptions.Types.AutoReadOption, _): break
      default: throw ChannelError.operationUnsupported
      }
    }

    func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
      let value: (any Sendable)? =
        switch option {
        case is ChannelOptions.Types.AllowRemoteHalfClosureOption: channel.allowsHalfClosure
        case is ChannelOptions.Types.AutoReadOption: false
        default: nil
        }
      guard let value = value as? Option.Value else { throw ChannelError.operationUnsupported }
      return value
    }
  }
}
