import AsyncIO

func program() async throws {
  var sum = 0
  try await withTaskScope { scope in
    #if MISTAKE
      // error: mutation of captured var 'sum' in concurrently-executing code
      scope.createTask { sum += 1 }
    #else
      sum += try await scope.createTask { 1 }.value
    #endif
  }
  print(sum)
}
