// Stock Swift: Swift Concurrency, swift-async-algorithms, SwiftNIO. usage: swiftbench <workload> [args]
import AsyncAlgorithms
import Dispatch
import Foundation
import NIOCore
import NIOPosix

func report(_ name: String, _ n: Int, _ t: ContinuousClock.Instant, _ extra: String = "") {
  let d = ContinuousClock.now - t
  let s = Double(d.components.seconds) + Double(d.components.attoseconds) / 1e18
  print(name, n, String(format: "%.4f", s), Int(Double(n) / s), extra)
}

/// As much of n as BENCHMARK_PART says, from 0 to 1.
func sized(_ n: Int) -> Int {
  guard let part = ProcessInfo.processInfo.environment["BENCHMARK_PART"].flatMap(Double.init) else { return n }
  return max(1, Int((Double(n) * part).rounded()))
}

func wSpawn() async {
  let n = sized(1_000_000), batch = 1000
  var total = 0
  let t = ContinuousClock.now
  for _ in 0..<n / batch {
    total += await withTaskGroup(of: Int.self) { g in
      for i in 0..<batch { g.addTask { i } }
      var s = 0
      for await v in g { s += v }
      return s
    }
  }
  report("spawn", n, t)
  precondition(total == n / batch * (batch * (batch - 1) / 2))
}

func wYield() async {
  let turns = sized(10_000)
  let t = ContinuousClock.now
  await withTaskGroup(of: Void.self) { g in
    for _ in 0..<100 { g.addTask { for _ in 0..<turns { await Task.yield() } } }
  }
  report("yield", 100 * turns, t)
}

func wPingpong() async {  // AsyncChannel is a rendezvous (capacity 0)
  let a = AsyncChannel<Int>(), b = AsyncChannel<Int>(), rounds = sized(500_000)
  let t = ContinuousClock.now
  async let pong: Void = { for await v in a { await b.send(v) } }()
  var it = b.makeAsyncIterator(), s = 0
  for i in 0..<rounds { await a.send(i); s += await it.next()! }
  a.finish(); await pong
  report("pingpong", 2 * rounds, t)
  precondition(s == rounds * (rounds - 1) / 2)
}

func wQueue() async {  // AsyncChannel has no buffer: capacity 0, not 100
  let n = sized(1_000_000), q = AsyncChannel<Int>()
  let t = ContinuousClock.now
  let total = await withTaskGroup(of: Int.self) { g in
    for _ in 0..<3 {
      g.addTask {
        var s = 0; for await v in q { s += v }; return s
      }
    }
    g.addTask {
      for i in 0..<n { await q.send(i) }; q.finish(); return 0
    }
    var s = 0
    for await v in g { s += v }
    return s
  }
  report("queue", n, t, "capacity=0")
  precondition(total == n * (n - 1) / 2)
}

func wSleep1m(_ n: Int) async {
  let t = ContinuousClock.now
  await withTaskGroup(of: Void.self) { g in
    var x: UInt64 = 12345
    for _ in 0..<n {
      x = x &* 6364136223846793005 &+ 1442695040888963407
      let ns = UInt64((1.0 + 4.0 * (Double(x >> 33) / 2147483648.0)) * 1e9)
      g.addTask { try? await Task.sleep(nanoseconds: ns) }
    }
  }
  var ru = rusage()
  getrusage(0, &ru)
  let cpu =
    Double(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) + Double(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec) / 1e6
  report("sleep1m", n, t, "rss_mib=\(ru.ru_maxrss / 1024) cpu=\(String(format: "%.2f", cpu))")
}

func wTimers() async {  // no timer handle in Swift Concurrency: tasks in Task.sleep, cancelled
  let rounds = sized(10), n = 100_000
  let t = ContinuousClock.now
  for _ in 0..<rounds {
    let ts = (0..<n).map { i in
      Task { try? await Task.sleep(nanoseconds: 10_000_000_000 + UInt64(i) * 10_000) }
    }
    for h in ts { h.cancel() }
    for h in ts { await h.value }
  }
  report("timers", rounds * n, t)
}

struct TimedOut: Error {}
@inline(never) func ready(_ i: Int) async -> Int { i }
func withTimeout<T: Sendable>(_ d: Duration, _ op: @escaping @Sendable () async throws -> T) async throws -> T
{
  try await withThrowingTaskGroup(of: T.self) { g in
    g.addTask { try await op() }
    g.addTask {
      try await Task.sleep(for: d); throw TimedOut()
    }
    defer { g.cancelAll() }
    return try await g.next()!
  }
}
func wTimeout() async throws {
  let n = sized(1_000_000)
  var s = 0
  let t = ContinuousClock.now
  for i in 0..<n { s += try await withTimeout(.seconds(10)) { await ready(i) } }
  report("timeout", n, t)
  precondition(s == n * (n - 1) / 2)
}

func wRace() async throws {
  let n = sized(100_000)
  var s = 0
  let t = ContinuousClock.now
  for i in 0..<n {
    s += try await withThrowingTaskGroup(of: Int.self) { g in
      g.addTask { await Task.yield(); return i }
      g.addTask {
        try await Task.sleep(for: .seconds(10)); return 0
      }
      defer { g.cancelAll() }
      return try await g.next()!
    }
  }
  report("race", n, t)
  precondition(s == n * (n - 1) / 2)
}
func wAsCompleted() async {
  let n = sized(1_000_000), batch = 1000
  var total = 0
  let t = ContinuousClock.now
  for _ in 0..<n / batch {
    total += await withTaskGroup(of: Int.self) { g in
      for i in 0..<batch { g.addTask { await Task.yield(); return i } }
      var s = 0
      for await v in g { s += v }
      return s
    }
  }
  report("ascompleted", n, t)
  precondition(total == n / batch * (batch * (batch - 1) / 2))
}

func wGenerator() async {
  let n = sized(1_000_000)
  var total = 0
  let t = ContinuousClock.now
  let numbers = AsyncChannel<Int>()
  let producer = Task {
    for i in 0..<n { await numbers.send(i) }
    numbers.finish()
  }
  for await i in numbers { total += i }
  await producer.value
  report("generator", n, t)
  precondition(total == n * (n - 1) / 2)
}

func blocking<T: Sendable>(_ f: @escaping @Sendable () -> T) async -> T {
  await withCheckedContinuation { c in DispatchQueue.global().async { c.resume(returning: f()) } }
}
func wBlocking() async {
  let n = sized(100_000)
  var s = 0
  let t = ContinuousClock.now
  for _ in 0..<n { s += await blocking { 1 } }
  report("blocking", n, t)
  precondition(s == n)
}
func wBlockers() async {  // tasks that block, as in code that nobody warns
  let clock = ContinuousClock()
  let watcher = Task {
    var longest = Duration.zero
    while !Task.isCancelled {
      let start = clock.now
      try? await Task.sleep(for: .milliseconds(1))
      longest = max(longest, clock.now - start - .milliseconds(1))
    }
    return longest
  }
  try? await Task.sleep(for: .milliseconds(10))
  await withTaskGroup(of: Void.self) { g in
    for _ in 0..<16 { g.addTask { sleep(2) } }
  }
  watcher.cancel()
  let longest = await watcher.value
  report("blockers", 1, clock.now - longest)
}
func wBlocking100() async {
  let calls = sized(1000)
  let t = ContinuousClock.now
  await withTaskGroup(of: Void.self) { g in
    for _ in 0..<100 { g.addTask { for _ in 0..<calls { _ = await blocking { 1 } } } }
  }
  report("blocking100", 100 * calls, t)
}

final class Echo: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  func channelRead(context: ChannelHandlerContext, data: NIOAny) { context.write(data, promise: nil) }
  func channelReadComplete(context: ChannelHandlerContext) { context.flush() }
  func errorCaught(context: ChannelHandlerContext, error: Error) { context.close(promise: nil) }
}
func echo(_ port: Int, _ threads: Int) async throws {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
  let ch = try await ServerBootstrap(group: group)
    .serverChannelOption(ChannelOptions.backlog, value: 1024)
    .serverChannelOption(ChannelOptions.socketOption(.so_reuseaddr), value: 1)
    .childChannelOption(ChannelOptions.tcpOption(.tcp_nodelay), value: 1)
    .childChannelInitializer { c in
      c.eventLoop.makeCompletedFuture { try c.pipeline.syncOperations.addHandler(Echo()) }
    }
    .bind(host: "127.0.0.1", port: port).get()
  try await ch.closeFuture.get()
}

let a = CommandLine.arguments
switch a[1] {
case "spawn": await wSpawn()
case "yield": await wYield()
case "pingpong": await wPingpong()
case "queue": await wQueue()
case "sleep1m": await wSleep1m(a.count > 2 ? Int(a[2])! : sized(1_000_000))
case "timers": await wTimers()
case "timeout": try await wTimeout()
case "race": try await wRace()
case "ascompleted": await wAsCompleted()
case "generator": await wGenerator()
case "blocking": await wBlocking()
case "blocking100": await wBlocking100()
case "blockers": await wBlockers()
case "echo": try await echo(Int(a[2])!, a.count > 3 ? Int(a[3])! : 1)
default:
  FileHandle.standardError.write(Data("unknown workload\n".utf8))
  exit(64)
}
