// What a run gives back, and what it refuses.

import AsyncIORuntime
import Glibc

private struct Failure: Error {}

func value() throws {
  say("\(try EventLoop.run { 42 })")
}

func error() throws {
  try EventLoop.run { throw Failure() }
}

/// Two runs, one after the other, on the same loop.
func twice() throws {
  let first = try EventLoop.run { EventLoop.current.map(ObjectIdentifier.init) }
  let second = try EventLoop.run {
    try await Task.sleep(for: .milliseconds(1))
    return EventLoop.current.map(ObjectIdentifier.init)
  }
  say(first != nil && first == second ? "the same loop" : "another loop")
}

func nested() throws {
  try EventLoop.run { try EventLoop.run {} }
}

func blockingOnLoop() throws {
  try EventLoop.run {
    guard let loop = EventLoop.current else { return say("no loop") }
    _ = try loop.runBlocking { 1 }
  }
}

/// A program that starts no loop: tasks are the platform's, and our functions work in them.
func withoutRun() throws {
  Task {
    say(EventLoop.current == nil ? "no loop" : "a loop")
    try await sleep(for: .milliseconds(2))
    try await checkpoint()
    let task = Task { try await sleep(for: .seconds(1000)) }
    task.cancel()
    if case .failure(let error) = await task.result { say("\(error)") }
    exit(0)
  }
  while true { pause() }
}
