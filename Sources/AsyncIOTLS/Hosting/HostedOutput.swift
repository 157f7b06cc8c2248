// The bytes that a pipeline has put out and that its stream has not taken yet.
//
//   idle        nobody sends; there may be bytes that nobody has asked to flush        → sending
//   sending     one task sends, and goes on until nothing is left                      → idle, ended
//   ended       nothing will be sent any more                                          (last)
//
// Touched in turns of the channel's loop only.

internal import AsyncIORuntime
internal import NIOCore

/// What goes out, and who sends it.
struct HostedOutput {
  private enum Phase { case idle, sending, ended }

  private var phase = Phase.idle
  private var bytes: [UInt8] = []
  /// How many bytes were put in since the beginning, and how many were sent.
  private var putCount = 0
  private var sentCount = 0
  private var promises: CircularBuffer<(end: Int, promise: EventLoopPromise<Void>)> = []
  private var waiters: [Waiter] = []

  /// How many bytes wait, those on their way included.
  var pendingCount: Int { putCount - sentCount }
  /// Whether there are bytes, and nobody who sends them.
  var needsSender: Bool { phase == .idle && !bytes.isEmpty }

  /// Adds bytes at the end.
  mutating func put(_ buffer: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
    guard phase != .ended else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    unsafe buffer.withUnsafeReadableBytes { unsafe bytes.append(contentsOf: $0) }
    putCount += buffer.readableBytes
    if let promise { promises.append((putCount, promise)) }
  }

  /// Makes the caller the one who sends; a waiter if somebody else is.
  mutating func begin() -> Waiter? {
    guard phase == .sending else {
      if phase == .idle { phase = .sending }
      return nil
    }
    let waiter = Waiter()
    waiters.append(waiter)
    return waiter
  }

  /// Takes out what is to be sent next; nil at the end of the sending.
  mutating func take() -> [UInt8]? {
    guard phase == .sending, !bytes.isEmpty else {
      if phase == .sending { phase = .idle }
      wake()
      return nil
    }
    var taken: [UInt8] = []
    swap(&taken, &bytes)
    return taken
  }

  /// Gives back what was not sent, to be sent first.
  mutating func giveBack(_ rest: ArraySlice<UInt8>) {
    guard phase == .sending else { return }
    bytes.insert(contentsOf: rest, at: 0)
  }

  /// Notes that the first `count` bytes were sent.
  mutating func noteSent(_ count: Int) {
    sentCount += count
    while let first = promises.first, first.end <= sentCount {
      promises.removeFirst()
      first.promise.succeed(())
    }
  }

  /// Drops what was not sent.
  mutating func end(_ error: any Error) {
    phase = .ended
    bytes = []
    while let next = promises.popFirst() { next.promise.fail(error) }
    wake()
  }

  private mutating func wake() {
    // A wake-up hands nothing over: whoever is woken looks again.
    for waiter in waiters { waiter.finish(.woken) }
    waiters = []
  }
}
