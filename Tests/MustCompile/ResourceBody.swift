// The parts of a resource's use, of an exit stack and of a retry are ordinary closures too: they run where their caller runs.

import AsyncIO

final class Counter { var count = 0 }

struct Opening: AsyncResource {
  let counter: Counter

  func open() async throws -> Counter { counter }
  func close(_ opened: Counter, after exit: ExitCase) async throws { opened.count -= 1 }
}

func uses(_ counter: Counter) async throws -> Int {
  var steps = 0
  try await withResource(acquire: { counter }, release: { $0.count += 1 }) { counter in
    counter.count += 1
    steps += 1
  }
  try await withResource(
    acquire: { counter },
    release: {
      $0.count += 1; print($1)
    }
  ) { _ in steps += 1 }
  try await withResource(Opening(counter: counter)) { $0.count += 1 }
  try await withExitStack { stack in
    try await stack.enter(Opening(counter: counter)).count += 1
    try await stack.enter(acquire: { counter }, release: { $0.count += 1 })
    stack.push { exit in counter.count += 1 }
    stack.callback { steps += 1 }
  }
  try await retry(attempts: 2, when: { _ in counter.count > 0 }, onFailure: { _ in steps += 1 }) {
    counter.count += 1
  }
  return try await retry { attempt in steps + attempt }
}

actor Owner {
  private var steps = 0
  private let pool = ResourcePool(create: { 1 }, destroy: { _ in })

  func work() async throws {
    try await withResource(acquire: { steps += 1 }, release: { steps += 1 }) { steps += 1 }
    try await withExitStack { stack in stack.callback { await self.step() } }
    steps += try await pool.withResource { $0 + steps }
    let pooled = try await pool.acquire()
    if pooled.resource == 0 { return pooled.discard() }
    pooled.release()
  }

  private func step() { steps += 1 }
}
