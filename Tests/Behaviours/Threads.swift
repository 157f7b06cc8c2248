import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let threads = [
    Behaviour("a blocking call gives its value and its error") {
      try await expect(try withBlocking { 42 }, equals: 42)
      try await expect(throws: Failure(1)) { try await withBlocking { throw Failure(1) } }
    },
    Behaviour("blocking calls in a gather, each in its place") {
      let results = try await gather(0..<100) { number in try await withBlocking { number * 2 } }
      try expect(results, equals: (0..<100).map { $0 * 2 })
    },
    Behaviour("a blocking call that has begun is awaited, though its task is cancelled") {
      let started = Gate()
      let task = Task {
        try await withBlocking {
          started.open()
          return 42
        }
      }
      try await started.pass()
      task.cancel()
      try await expect(try task.value, equals: 42)
    },
  ]
}
