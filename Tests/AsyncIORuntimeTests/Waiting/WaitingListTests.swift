import AsyncIOTesting
import Glibc
import Testing

@testable import AsyncIORuntime

@Suite(.virtualTime) struct WaitingListTests {
  @Test func `it names who waits for what, oldest first`() async throws {
    let loop = try #require(EventLoop.current)
    let (first, second) = (Waiter(), Waiter())
    let one = makeRecordedTask("one") { _ = await first.wait(for: "a lock") }
    let two = makeRecordedTask("two") { _ = await second.wait(for: "queue get") }
    await settle()
    #expect(loop.waits.map { "\($0.task?.name ?? "") \($0.subject)" } == ["one a lock", "two queue get"])
    first.finish(.woken)
    // Woken, but it has not run yet.
    #expect(loop.waits.map { "\($0.subject)" } == ["queue get"])
    second.finish(.woken)
    await one.value
    await two.value
    #expect(loop.waits.isEmpty)
  }

  @Test func `it names waits for descriptors`() async throws {
    let loop = try #require(EventLoop.current)
    let pipe = try Pipe()
    let task = Task { try await EventLoop.wait(readable: pipe.reader) }
    await settle()
    #expect(loop.waits.map { "\($0.subject)" } == ["wait(readable:)"])
    task.cancel()
    _ = await task.result
    #expect(loop.waits.isEmpty)
  }

  @Test func `a loop that nobody asks keeps no list`() throws {
    let loop = try EventLoop()
    let list = WaitingList.begin("nothing")
    #expect(list != 0, "the test's own loop keeps one")
    WaitingList.end(list)
    #expect(unsafe loop.core.pointee.waiting == nil)
  }
}
