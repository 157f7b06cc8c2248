// How programs end: by signals, with tasks that are left.

internal import AsyncIOCoordination
import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// Waits until a signal cancels it.
func waits() throws {
  try EventLoop.run {
    say("ready")
    defer { say("main unwinds") }
    try await Task.sleep(for: .seconds(1000))
  }
}

/// Waits until a signal cancels it, in a runner.
func waitsInRunner() throws {
  let runner = try Runner()
  defer { runner.close() }
  try runner.run {
    say("ready")
    defer { say("main unwinds") }
    try await Task.sleep(for: .seconds(1000))
  }
}

/// Gives way until a signal cancels it, in a runner.
func spins() throws {
  let runner = try Runner()
  defer { runner.close() }
  try runner.run {
    say("ready")
    defer { say("main unwinds") }
    while true { try await sleep(for: .zero) }
  }
}

/// Ends well although a signal has cancelled it.
func survives() throws {
  try EventLoop.run {
    say("ready")
    try? await Task.sleep(for: .seconds(1000))
    say("main has tidied up")
  }
  say("run has returned")
}

/// Waits for ever, whatever happens.
func ignoresCancellation() throws {
  try EventLoop.run {
    await withTaskCancellationHandler {
      say("ready")
      unsafe await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    } onCancel: {
      say("cancelled")
    }
  }
}

/// Blocks the loop for ever.
func blocks() throws {
  try EventLoop.run {
    say("ready")
    while casyncio_signal_received() == 0 { usleep(100) }
    say("received")
    while true { usleep(100) }
  }
}

private struct Failure: Error {}

/// Leaves two tasks behind, one of which fails at its end.
func leftovers() throws {
  try EventLoop.run {
    createTask(name: "tidy") {
      do {
        try await Task.sleep(for: .seconds(1000))
      } catch {
        await Task.yield()
        say("tidy has ended")
      }
    }
    createTask(name: "failing") {
      try? await sleep(for: .seconds(1000))
      throw Failure()
    }
    await Task.yield()
    say("main has ended")
  }
  say("run has returned")
}

/// Leaves a task that does not end.
func stubborn() throws {
  var configuration = Runner.Configuration()
  configuration.grace = .milliseconds(50)
  let runner = try Runner(configuration)
  try runner.run {
    createTask(name: "stubborn") {
      unsafe await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in }
    }
    await Task.yield()
  }
  runner.close()
  say("closed")
}

/// Leaves a blocking call that does not end, after its task has given up on it.
func stuckCall() throws {
  var configuration = Runner.Configuration()
  configuration.grace = .milliseconds(50)
  let runner = try Runner(configuration)
  do {
    try runner.run {
      try await withTimeout(.seconds(1000)) { scope in
        try await withBlocking(onCancel: .abandon, name: "backup") {
          // Not before: a call that has not begun is withdrawn.
          scope.reschedule(to: .now)
          while true { pause() }
        }
      }
    }
  } catch {
    say("\(type(of: error))")
  }
  runner.close()
  say("closed")
}

/// Leaves a task that waits for a blocking call that does not end.
func stuckTask() throws {
  var configuration = Runner.Configuration()
  configuration.grace = .milliseconds(50)
  let runner = try Runner(configuration)
  try runner.run {
    let (began, noteBegin) = AsyncStream.makeStream(of: Void.self)
    createTask(name: "waiting") {
      try await withBlocking {
        noteBegin.yield()
        while true { pause() }
      }
    }
    // A call that was only taken from the queue could still be withdrawn.
    for await _ in began { break }
  }
  runner.close()
  say("closed")
}

/// Blocks the loop until the watchdog has said so.
func blocksForLong() throws {
  try EventLoop.run {
    createTask(name: "slow") { sleep(1) }
    try await sleep(for: .milliseconds(10))
  }
}
