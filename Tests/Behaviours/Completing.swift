import AsyncIOCoordination
import AsyncIORuntime

extension Behaviour {
  static let completing = [
    Behaviour("asCompleted gives results in the order of the ends") {
      // Each may end when the one before it in this order has been taken.
      let order = [3, 0, 4, 1, 2]
      let gates = order.map { _ in Gate() }
      gates[order[0]].open()
      var results: [Int] = []
      for try await number in asCompleted(
        0..<5,
        { number in
          try await gates[number].pass()
          return number
        })
      {
        results.append(number)
        if results.count < order.count { gates[order[results.count]].open() }
      }
      try expect(results, equals: order)
    },
    Behaviour("leaving the loop over asCompleted cancels the rest") {
      let (started, cleaned) = (Gate(), Gate())
      for try await number in asCompleted(
        [0, 1],
        { number in
          if number == 0 { try await waitAndCleanUp(started: started) { cleaned.open() } }
          try await started.pass()
          return number
        })
      {
        try expect(number, equals: 1)
        break
      }
      try await cleaned.pass()
    },
    Behaviour("an error ends the loop over asCompleted, and the rest is cancelled") {
      let (started, cleaned) = (Gate(), Gate())
      try await expect(throws: Failure(1)) {
        for try await _ in asCompleted(
          [0, 1],
          { number in
            if number == 0 { try await waitAndCleanUp(started: started) { cleaned.open() } }
            try await started.pass()
            throw Failure(number)
          }) as AsCompleted<[Int], Void>
        {}
      }
      try await cleaned.pass()
    },
    Behaviour("cancelling who iterates over asCompleted cancels the operations") {
      let (started, cleaned) = (Gate(), Gate())
      let task = Task {
        for try await _ in asCompleted(
          [0], { _ in try await waitAndCleanUp(started: started) { cleaned.open() } })
        {}
      }
      try await started.pass()
      task.cancel()
      try await expectCancellation { try await task.value }
      try await cleaned.pass()
    },
    Behaviour("an iteration over asCompleted can be taken up again, also after a timeout") {
      let gate = Gate()
      var iterator = asCompleted(
        [0, 1],
        { number in
          if number == 1 { try await gate.pass() }
          return number
        }
      ).makeAsyncIterator()
      try await expect(try iterator.next(), equals: 0)
      gate.open()
      try await expect(try withTimeout(.seconds(1000)) { try await iterator.next() }, equals: 1)
      try await expect(try iterator.next(), equals: nil)
    },
    Behaviour("results of asCompleted wait for a slow consumer") {
      var sum = 0
      for try await number in asCompleted(0..<100, limit: 10, { $0 }) {
        if number % 10 == 0 { try await checkpoint() }
        sum += number
      }
      try expect(sum, equals: 4950)
    },
  ]
}
