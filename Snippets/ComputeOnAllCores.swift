// Row 16 of the article: work for the processor, on all cores, while the loop goes on.

import AsyncIO

func collatzSteps(_ start: Int) -> Int {
  var (number, steps) = (start, 0)
  while number != 1 {
    number = number.isMultiple(of: 2) ? number / 2 : number * 3 + 1
    steps += 1
  }
  return steps
}

try EventLoop.run {
  let ticker = createTask(name: "ticker") {
    while true {
      print("the loop is free")
      try await sleep(for: .milliseconds(5))
    }
  }
  print(try await withCompute { collatzSteps(837_799) })
  let steps = try await (1..<100_000).parallelMap { collatzSteps($0) }
  print(steps.max() ?? 0)
  ticker.cancel()
}
