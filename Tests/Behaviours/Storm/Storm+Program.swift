import AsyncIOCoordination
import AsyncIORuntime

extension Storm {
  /// Lets storms rage, several at once, in a program that has nothing else to do.
  ///
  /// - Parameter seeds: One storm for each.
  /// - Returns: What does not hold, a line for each.
  package static func runAll(seeds: ClosedRange<UInt64>) async -> [String] {
    let reports = Notes<any Error>()
    EventLoop.setUnhandledErrorHandler { reports.note($0.error) }
    do {
      return try await gather(seeds, limit: 8) { seed -> [String] in
        do {
          _ = try await Storm(seed: seed).rage { reports.entries }
          return []
        } catch {
          return ["storm \(seed): \(error)"]
        }
      }.flatMap { $0 }
    } catch {
      return ["the storms: \(error)"]
    }
  }
}
