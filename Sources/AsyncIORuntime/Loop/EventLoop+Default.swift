// Which loop serves code that runs on none.

extension EventLoop {
  /// The loop of this thread; else the process's home loop; else a loop on a thread in the background.
  package static var orDefault: EventLoop {
    ofCaller ?? InstalledExecutors.home ?? background
  }

  /// The loop of this thread, or on a thread of a pool the one whose call it makes.
  package static var ofCaller: EventLoop? { current ?? ServingThread.current?.loop }

  /// A loop on a thread of its own, for programs that have no loop: started when it is first needed.
  ///
  /// It serves timers and descriptors; tasks run on it only where they prefer it.
  package static let background: EventLoop = {
    do {
      let loop = try EventLoop()
      LoopThread.start(named: "asyncio-loop") { loop.drive { false } }
      return loop
    } catch {
      preconditionFailure("the background event loop cannot be made: \(error)")
    }
  }()
}
