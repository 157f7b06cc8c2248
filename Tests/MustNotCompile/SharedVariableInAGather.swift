import AsyncIO

func program() async throws {
  #if MISTAKE
    var sum = 0
    // error: mutation of captured var 'sum' in concurrently-executing code
    _ = try await gather(1...3) { sum += $0 }
  #else
    let sum = try await gather(1...3) { $0 }.reduce(0, +)
  #endif
  print(sum)
}
