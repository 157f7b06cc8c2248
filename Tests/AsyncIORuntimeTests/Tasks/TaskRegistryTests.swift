import AsyncIOTesting
import Testing

@testable import AsyncIORuntime

struct TaskRegistryTests {
  @Test func `it holds what was inserted and not removed, oldest first`() throws {
    let loop = try EventLoop()
    let registry = TaskRegistry()
    let records = (0..<6).map { TaskRecord(name: "\($0)", fileID: #fileID, line: #line, loop: loop) }
    for record in records { registry.insert(record) }
    for index in [3, 0, 5] { registry.remove(records[index]) }
    #expect(registry.all.map(\.name) == ["1", "2", "4"])
    for index in [2, 4, 1] { registry.remove(records[index]) }
    #expect(registry.all.isEmpty)
  }

  @Test func `a record in it stays alive`() throws {
    let loop = try EventLoop()
    let registry = TaskRegistry()
    weak var weakRecord: TaskRecord?
    do {
      let record = TaskRecord(name: nil, fileID: #fileID, line: #line, loop: loop)
      weakRecord = record
      registry.insert(record)
      registry.insert(TaskRecord(name: nil, fileID: #fileID, line: #line, loop: loop))
    }
    #expect(weakRecord != nil)
    if let record = weakRecord { registry.remove(record) }
    #expect(weakRecord == nil)
  }

  @Test func `a record says who it is and where it was made`() throws {
    let loop = try EventLoop()
    let named = TaskRecord(name: "fetcher", fileID: "App/Main.swift", line: 12, loop: loop)
    let nameless = TaskRecord(name: nil, fileID: "App/Main.swift", line: 13, loop: loop)
    #expect(named.description == "task 'fetcher' (App/Main.swift:12)")
    #expect(nameless.description == "task #\(nameless.id) (App/Main.swift:13)")
  }

  @Test func `a task that is cancelled while it is being made is cancelled as soon as it exists`() throws {
    let record = TaskRecord(name: nil, fileID: #fileID, line: #line, loop: try EventLoop())
    let cancelled = Journal<Void>()
    record.cancel()
    record.setCancellation { cancelled.note(()) }
    #expect(cancelled.count == 1)
    record.cancel()
    #expect(cancelled.count == 2)
  }

  @Test(.virtualTime) func `a task is in the registry from its making to its end`() async throws {
    let loop = try #require(EventLoop.current)
    func names() -> [String?] { TaskRegistry.shared.all.filter { $0.loop === loop }.map(\.name) }
    let waiter = Waiter()
    let task = makeRecordedTask("here") { _ = await waiter.wait(for: "test") }
    #expect(names() == ["here"])
    await settle()
    #expect(TaskRegistry.shared.all.first { $0.loop === loop }?.state == .running)
    waiter.finish(.woken)
    await task.value
    #expect(names().isEmpty)
  }
}
