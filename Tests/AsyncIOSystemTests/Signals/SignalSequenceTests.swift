import AsyncIOCoordination
import AsyncIORuntime
@testable import AsyncIOSystem
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .deadline(.seconds(60)), .serialized) struct SignalSequenceTests {
  @Test func `a signal comes to who listens`() async throws {
    let listener = try signals(SIGUSR1, SIGUSR2)
    var iterator = listener.makeAsyncIterator()
    kill(getpid(), SIGUSR1)
    #expect(await iterator.next() == SIGUSR1)
    let task = createTask {
      var iterator = listener.makeAsyncIterator()
      return await iterator.next()
    }
    try await checkpoint()
    kill(getpid(), SIGUSR2)
    #expect(try await task.value == SIGUSR2)
  }

  @Test func `each listener gets each signal, and no more often than it came`() async throws {
    let (first, second) = (try signals(SIGUSR1), try signals(SIGUSR2, SIGUSR1))
    for _ in 0..<100 { kill(getpid(), SIGUSR1) }
    var (a, b) = (first.makeAsyncIterator(), second.makeAsyncIterator())
    #expect(await a.next() == SIGUSR1)
    #expect(await b.next() == SIGUSR1)
    kill(getpid(), SIGUSR2)
    var repetitions = 1
    while let number = await b.next(), number == SIGUSR1 { repetitions += 1 }
    #expect(repetitions <= 100)
    first.stop()
    second.stop()
    #expect(await a.next() == nil)
    #expect(await b.next() == nil)
  }

  @Test func `a listener that has stopped gets nothing, and the other goes on`() async throws {
    let (first, second) = (try signals(SIGUSR1), try signals(SIGUSR1))
    first.stop()
    first.stop()
    kill(getpid(), SIGUSR1)
    var (a, b) = (first.makeAsyncIterator(), second.makeAsyncIterator())
    #expect(await b.next() == SIGUSR1)
    #expect(await a.next() == nil)
  }

  @Test func `waiting can be cancelled, and what comes later is kept`() async throws {
    let listener = try signals(SIGUSR1)
    let task = createTask {
      var iterator = listener.makeAsyncIterator()
      return await iterator.next()
    }
    try await checkpoint()
    task.cancel()
    #expect(try await task.value == nil)
    kill(getpid(), SIGUSR1)
    var iterator = listener.makeAsyncIterator()
    #expect(await iterator.next() == SIGUSR1)
  }

  @Test func `stopping it ends who waits`() async throws {
    let listener = try signals(SIGUSR1)
    let task = createTask { for await _ in listener {} }
    try await checkpoint()
    listener.stop()
    try await task.value
  }

  @Test func `signals from many threads at once are not lost`() async throws {
    let listener = try signals(SIGUSR1, SIGUSR2, SIGHUP)
    for _ in 0..<100 {
      try await withTaskScope { scope in
        for number in [SIGUSR1, SIGUSR2, SIGHUP] {
          scope.createTask { try await withBlocking { _ = kill(getpid(), number) } }
        }
      }
      var seen: Set<CInt> = []
      for await number in listener {
        seen.insert(number)
        if seen.count == 3 { break }
      }
      #expect(seen == [SIGUSR1, SIGUSR2, SIGHUP])
    }
  }

  @Test func `after the last listener a signal does what it did before`() async throws {
    // By default it ends the process.
    await #expect(processExitsWith: .signal(SIGUSR1)) {
      let (first, second) = (try signals(SIGUSR1), try signals(SIGUSR1))
      var iterator = second.makeAsyncIterator()
      for stops in [false, true] {
        if stops { first.stop() }
        kill(getpid(), SIGUSR1)
        guard await iterator.next() == SIGUSR1 else { exit(3) }
      }
      second.stop()
      kill(getpid(), SIGUSR1)
      while true { pause() }
    }
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGUSR1, SIG_IGN)
      do { _ = try signals(SIGUSR1) }
      kill(getpid(), SIGUSR1)
      exit(7)
    }
    // One that is dropped has stopped.
    await #expect(processExitsWith: .signal(SIGUSR1)) {
      do { _ = try signals(SIGUSR1) }
      kill(getpid(), SIGUSR1)
      while true { pause() }
    }
  }

  @Test func `a handler that was set meanwhile stays`() async throws {
    await #expect(processExitsWith: .exitCode(9)) {
      let listener = try signals(SIGUSR1)
      signal(SIGUSR1) { _ in _exit(9) }
      listener.stop()
      kill(getpid(), SIGUSR1)
      while true { pause() }
    }
  }

  @Test func `in a run, who listens has the signal, and afterwards it cancels the run again`() async throws {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      // The body of an exit test is on a thread of the language: the loop is driven by one where there is no task.
      try EventLoop.run {
        let listener = try signals(SIGTERM)
        var iterator = listener.makeAsyncIterator()
        kill(getpid(), SIGTERM)
        guard await iterator.next() == SIGTERM, !Task.isCancelled else { _exit(3) }
        listener.stop()
        kill(getpid(), SIGTERM)
        try await sleep(for: .seconds(1000))
      }
    }
  }

  @Test func `what cannot be listened to is a mistake`() async {
    await #expect(processExitsWith: .signal(SIGILL)) { _ = try signals(SIGKILL) }
    await #expect(processExitsWith: .signal(SIGILL)) { _ = try signals(SIGSEGV) }
    await #expect(processExitsWith: .signal(SIGILL)) { _ = try signals(0) }
    await #expect(processExitsWith: .signal(SIGILL)) { _ = try SignalSequence([]) }
  }

  @Test func `there are 64 listeners at most, and places are given back`() throws {
    var listeners: [SignalSequence] = []
    for _ in 0..<3 {
      let error = #expect(throws: IOError.self) { while true { listeners.append(try signals(SIGUSR2)) } }
      #expect(error?.description == "signals 64 listeners are all that there can be")
      #expect(listeners.count == 64)
      listeners = []
    }
  }
}
