import AsyncIO

func program() async throws {
  var sum = 0
  #if MISTAKE
    // error: mutation of captured var 'sum' in concurrently-executing code
    try await withBlocking { sum += 1 }
  #else
    sum += try await withBlocking { 1 }
  #endif
  print(sum)
}
