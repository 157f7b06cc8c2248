import AsyncIORuntime
import AsyncIOTesting
import Synchronization
import Testing

@testable import AsyncIONetwork

@Suite(.virtualTime) struct ConnectionDeadlineTests {
  private final class Owner: ConnectionDeadlineOwner {
    let deadline = ConnectionDeadline(on: .orDefault)
    let expiries = Mutex<[Duration]>([])
    let start = LoopClock.now

    func deadlineExpired() {
      let elapsed = start.duration(to: .now)
      expiries.withLock { $0.append(elapsed) }
    }

    @discardableResult
    func set(_ seconds: Int) -> Bool {
      deadline.set(start.advanced(by: .seconds(seconds)), for: self)
    }

    var seen: [Duration] { expiries.withLock { $0 } }
  }

  @Test func `it passes once`() async throws {
    let owner = Owner()
    owner.set(3)
    #expect(!owner.deadline.hasExpired)
    try await sleep(for: .seconds(10))
    #expect(owner.seen == [.seconds(3)])
    #expect(owner.deadline.hasExpired)
    #expect(!owner.set(20), "it stays passed")
    try await sleep(for: .seconds(20))
    #expect(owner.seen == [.seconds(3)])
  }

  @Test func `it may be moved, later and earlier`() async throws {
    let owner = Owner()
    for second in 0..<10 {
      #expect(owner.set(second + 3))
      try await sleep(for: .seconds(1))
    }
    owner.set(100)
    owner.set(15)
    try await sleep(for: .seconds(200))
    #expect(owner.seen == [.seconds(15)])
  }

  @Test func `it may be removed and set again`() async throws {
    let owner = Owner()
    owner.set(3)
    owner.deadline.clear()
    try await sleep(for: .seconds(10))
    #expect(owner.seen.isEmpty)
    #expect(owner.set(12))
    try await sleep(for: .seconds(10))
    #expect(owner.seen == [.seconds(12)])
  }

  @Test func `moving it to a later time costs no timer`() async throws {
    let owner = Owner()
    let before = EventLoop.orDefault.timerCount
    for second in 1..<1000 { owner.set(second) }
    #expect(EventLoop.orDefault.timerCount == before + 1)
    owner.deadline.end()
    #expect(EventLoop.orDefault.timerCount == before)
  }

  @Test func `its end is final and lets the owner go`() async throws {
    var owner: Owner? = Owner()
    weak let former = owner
    owner?.set(3)
    let deadline = owner?.deadline
    deadline?.end()
    #expect(owner?.set(4) == false)
    owner = nil
    #expect(former == nil)
    try await sleep(for: .seconds(10))
  }

  @Test func `one that has passed already is told at once`() async throws {
    let owner = Owner()
    owner.set(-1)
    await settle()
    #expect(owner.seen == [.zero])
  }
}
