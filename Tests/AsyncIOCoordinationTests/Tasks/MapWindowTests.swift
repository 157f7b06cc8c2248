import AsyncIORuntime
import AsyncIOTesting
import Testing

@testable import AsyncIOCoordination

/// What of a window cannot be brought about from outside on one thread.
@Suite(.virtualTime) struct MapWindowTests {
  @Test func `an operation that is being started when the window is closed is cancelled`() async throws {
    let window = MapWindow<Void>(limit: 1, isOrdered: true)
    let cancelled = Journal<Void>()
    window.start {
      window.close()
      do { try await sleep(for: .seconds(1000)) } catch { cancelled.note(()) }
    }
    await settle()
    #expect(cancelled.count == 1)
    #expect(EventLoop.current?.timerCount == 0)
  }

  @Test func `nothing is started in a window that is closed or complete`() async throws {
    let started = Journal<Void>()
    for window in [MapWindow<Void>(limit: 1, isOrdered: true), MapWindow(limit: 1, isOrdered: false)] {
      window.complete()
      window.start { started.note(()) }
      #expect(!window.hasRoom)
      #expect(await !window.waitForRoom())
      window.close()
      window.start { started.note(()) }
      #expect(await !window.waitForRoom())
    }
    #expect(started.count == 0)
  }

  @Test func `a feeder that is known when the window is closed is cancelled`() async throws {
    let window = MapWindow<Void>(limit: 1, isOrdered: true)
    window.close()
    let feeder = Task { try await sleep(for: .seconds(1000)) }
    window.setFeeder(feeder)
    await #expect(throws: CancellationError.self) { try await feeder.value }
  }
}
