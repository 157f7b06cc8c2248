extension LiveDisplay {
  /// A display on standard error, with results on standard output.
  static func standard() -> LiveDisplay {
    LiveDisplay(
      isLive: Terminal(descriptor: 2).isInteractive,
      width: { Terminal(descriptor: 2).width },
      display: { StandardStream.error.write($0) },
      output: { StandardStream.output.write($0) })
  }
}
