// The seam between the loop and the operating system: everything that knows `epoll` is in this file and in
// the C shim. Another poller (kqueue, io_uring) provides the same five operations.
//
// A number may be closed behind our back and come back as another file. The kernel drops the registration with the
// old file, so that registering the number again succeeds: then `registered` still names the slot of the old file,
// and its waiters are told that it is closed. Deregistering a slot that is no longer the number's does nothing, so
// that the late goodbye of an old file never ends the events of the new one.
//
// Threads: `poll` is called on the loop's thread only. `register`, `deregister` and `wake` may be called on
// any thread: `epoll_ctl` and `write` are safe beside an `epoll_wait`, and the rest is atomic.

#if os(Linux)

  internal import CAsyncIO
  import Glibc
  import Synchronization

  /// The poller of this platform.
  typealias PlatformPoller = EpollPoller

  /// Edge-triggered `epoll`, with an `eventfd` for wake-ups from other threads.
  @safe final class EpollPoller: @unchecked Sendable {
    // Sendable: the descriptors are constant, `events` belongs to the loop's thread, the count is atomic.
    private let epoll: CInt
    /// Writing eight bytes here ends a `poll`; also done by the signal handler.
    let wakeDescriptor: CInt
    private let events: UnsafeMutablePointer<epoll_event>
    private let registrations = Atomic<Int>(0)
    private let registered = Mutex<[CInt: UInt]>([:])

    private static let batch = 512
    /// The event data of the wake-up descriptor; no slot has this address.
    private static let wakeData: UInt64 = 0

    init() throws(IOError) {
      let epoll = casyncio_epoll_create()
      guard epoll >= 0 else { throw IOError(.system, errno: -epoll, operation: "epoll_create1") }
      let wake = casyncio_eventfd()
      guard wake >= 0 else {
        close(epoll)
        throw IOError(.system, errno: -wake, operation: "eventfd")
      }
      let failure = casyncio_epoll_add(epoll, wake, Self.wakeData)
      guard failure == 0 else {
        close(wake)
        close(epoll)
        throw IOError(.system, errno: failure, operation: "epoll_ctl")
      }
      self.epoll = epoll
      wakeDescriptor = wake
      unsafe events = .allocate(capacity: Self.batch)
    }

    deinit {
      close(wakeDescriptor)
      close(epoll)
      unsafe events.deallocate()
    }

    /// How many descriptors are registered.
    var registrationCount: Int { registrations.load(ordering: .relaxed) }
    /// Whether any descriptor is registered, so that polling can bring anything.
    var hasRegistrations: Bool { registrations.load(ordering: .relaxed) > 0 }

    /// Registers `descriptor`; its events will go to the words of `slot`.
    func register(_ descriptor: CInt, _ slot: UnsafeMutablePointer<PollSlot>) throws(IOError) {
      // User-space addresses have 47 bits, so the upper 16 are free for the generation.
      let address = UInt(bitPattern: slot)
      let generation = unsafe UInt64(slot.pointee.generation.load(ordering: .relaxed) & 0xffff)
      let data = UInt64(address) | generation << 48
      // The system call is made under the lock, so that the table and the kernel agree on the order of two
      // registrations of one number.
      let stale = try registered.withLock { registered throws(IOError) in
        let failure = casyncio_epoll_add(epoll, descriptor, data)
        guard failure == 0 else {
          throw IOError(.system, errno: failure, operation: "epoll_ctl")
        }
        return registered.updateValue(address, forKey: descriptor)
      }
      if let stale, let slot = unsafe UnsafeMutablePointer<PollSlot>(bitPattern: stale) {
        unsafe slot.pointee.reader.shut()
        unsafe slot.pointee.writer.shut()
      } else {
        registrations.add(1, ordering: .relaxed)
      }
    }

    /// Ends the events of `descriptor`, which must still be open, if they go to `slot`.
    func deregister(_ descriptor: CInt, _ slot: UnsafeMutablePointer<PollSlot>) {
      let address = UInt(bitPattern: slot)
      registered.withLock { registered in
        guard registered[descriptor] == address else { return }
        registered[descriptor] = nil
        registrations.subtract(1, ordering: .relaxed)
        // ENOENT or EBADF: it was closed behind our back, which has removed it already.
        _ = casyncio_epoll_remove(epoll, descriptor)
      }
    }

    /// Ends a `poll` that is under way, or the next one.
    func wake() {
      var one: UInt64 = 1
      // It fails only when the counter is full: then a wake-up is pending anyway.
      _ = unsafe write(wakeDescriptor, &one, 8)
    }

    /// Waits up to `timeout` nanoseconds (for ever if negative) and tells each slot of its events.
    ///
    /// Returns whether the batch was full, so that more events may be waiting.
    func poll(timeout: Int64) -> Bool {
      let count = unsafe casyncio_epoll_wait(epoll, events, CInt(Self.batch), timeout)
      guard count > 0 else { return false }  // a signal, or the time is over
      for index in 0..<count {
        let data = unsafe casyncio_event_data(events, index)
        // The wake-up descriptor is edge-triggered too: each write is told once, so it is never read.
        guard data != Self.wakeData else { continue }
        unsafe dispatch(casyncio_event_mask(events, index), data)
      }
      return count == Self.batch
    }

    private func dispatch(_ mask: UInt32, _ data: UInt64) {
      let address = UInt(data & 0xffff_ffff_ffff)
      guard let slot = unsafe UnsafeMutablePointer<PollSlot>(bitPattern: address) else { return }
      // Slots are never given back, so this one is there, if perhaps another's by now.
      let generation = unsafe slot.pointee.generation.load(ordering: .acquiring) & 0xffff
      guard UInt64(generation) == data >> 48 else { return }
      let readEnded = mask & casyncio_event_read_closed != 0
      if readEnded || mask & casyncio_event_read != 0 { unsafe slot.pointee.reader.signal(final: readEnded) }
      let writeEnded = mask & casyncio_event_write_closed != 0
      if writeEnded || mask & casyncio_event_write != 0 {
        unsafe slot.pointee.writer.signal(final: writeEnded)
      }
    }
  }

#endif
