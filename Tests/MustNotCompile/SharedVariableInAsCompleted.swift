import AsyncIO

func program() async throws {
  var sum = 0
  #if MISTAKE
    // error: mutation of captured var 'sum' in concurrently-executing code
    for try await _ in asCompleted(1...3, { sum += $0 }) {}
  #else
    for try await number in asCompleted(1...3, { $0 }) { sum += number }
  #endif
  print(sum)
}
