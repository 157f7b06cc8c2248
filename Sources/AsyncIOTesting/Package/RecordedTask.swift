// What this package's own tests share.

package import AsyncIORuntime

/// Makes a task on the current loop that the registry knows, for tests of the floors below the one that has scopes.
package func makeRecordedTask(
  _ name: String, on loop: EventLoop = .orDefault, fileID: StaticString = #fileID, line: UInt = #line,
  _ body: @escaping @Sendable () async -> Void
) -> Task<Void, Never> {
  let record = TaskRecord(name: name, fileID: fileID, line: line, loop: loop)
  TaskRegistry.shared.insert(record)
  let task = loop.makeTask(name: name) {
    record.state = .running
    await TaskContext.$current.withValue(record) { await body() }
    record.state = .finished
    TaskRegistry.shared.remove(record)
  }
  record.setCancellation { task.cancel() }
  return task
}
