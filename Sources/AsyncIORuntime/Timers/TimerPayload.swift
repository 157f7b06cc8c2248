// What a timer does when it is due, as one word in its slot: a pointer with its kind in the low three bits.
// The word owns what it points to (see ReadyItem.swift for why the bits are free).

/// What becomes of a timer that is due.
struct TimerPayload: BitwiseCopyable {
  let word: UInt

  private enum Tag {
    static let job: UInt = 0
    static let callback: UInt = 1
    static let waiter: UInt = 2
    static let scope: UInt = 3
  }

  init(word: UInt) { self.word = word }

  /// A job of the language that was enqueued with a delay.
  init(_ job: UnownedJob) {
    word = unsafe unsafeBitCast(job, to: UInt.self) | Tag.job
  }

  init(_ callback: LoopCallback) {
    word = unsafe UInt(bitPattern: Unmanaged.passRetained(callback).toOpaque()) | Tag.callback
  }

  init(_ waiter: Waiter) {
    word = unsafe UInt(bitPattern: Unmanaged.passRetained(waiter).toOpaque()) | Tag.waiter
  }

  init(_ scope: ScopeContext) {
    word = unsafe UInt(bitPattern: Unmanaged.passRetained(scope).toOpaque()) | Tag.scope
  }

  /// Makes ready what waited for the timer, on the loop's own thread.
  consuming func fire(into ready: inout ReadyQueue) -> Waiter? {
    let pointer = word & ~7
    switch word & 7 {
    case Tag.job:
      ready.push(unsafe ReadyItem(unsafeBitCast(pointer, to: UnownedJob.self), .global))
      return nil
    case Tag.callback:
      // The retain of `init` goes over to the ready item.
      ready.push(ReadyItem(word: pointer | ReadyItem.Kind.callback.rawValue))
      return nil
    case Tag.scope:
      // In its turn, as what it cancels runs the handlers of others.
      let scope = takeObject(as: ScopeContext.self)
      ready.push(ReadyItem(LoopCallback { scope.expire() }))
      return nil
    default:
      return takeWaiter()
    }
  }

  /// Gives up what waited for the timer: a job is lost, objects are released.
  consuming func drop() {
    switch word & 7 {
    case Tag.callback: _ = takeObject(as: LoopCallback.self)
    case Tag.waiter: _ = takeWaiter()
    case Tag.scope: _ = takeObject(as: ScopeContext.self)
    default: break
    }
  }

  private consuming func takeWaiter() -> Waiter { takeObject(as: Waiter.self) }

  private consuming func takeObject<Object: AnyObject>(as type: Object.Type) -> Object {
    // `init` retained the object, and this word is consumed.
    unsafe Unmanaged<Object>.fromOpaque(UnsafeRawPointer(bitPattern: word & ~7).unsafelyUnwrapped)
      .takeRetainedValue()
  }
}
