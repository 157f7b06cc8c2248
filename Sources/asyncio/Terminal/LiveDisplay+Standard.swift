import Glibc

extension LiveDisplay {
  /// A display on standard error, with results on standard output.
  ///
  /// From now on a reader who has gone no longer ends the process before it could put away what it has: the results are lost then.
  static func standard() -> LiveDisplay {
    // The tool starts no programs, which would inherit this.
    signal(SIGPIPE, SIG_IGN)
    return LiveDisplay(
      isLive: Terminal(descriptor: 2).isInteractive,
      width: { Terminal(descriptor: 2).width },
      display: { StandardStream.error.write($0) },
      output: { StandardStream.output.write($0) })
  }
}
