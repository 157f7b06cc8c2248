import Glibc

/// Runs one workload and prints one line about it: `asynciobench [--threads N] WORKLOAD [argument …]`.
@main
struct Main {
  static func main() throws {
    var arguments = Array(CommandLine.arguments.dropFirst())
    var threads = 1
    if arguments.first == "--threads", let number = arguments.dropFirst().first.flatMap({ Int($0) }) {
      threads = number
      arguments.removeFirst(2)
    }
    guard let workload = arguments.first.flatMap(Workload.init) else { refuse() }
    do {
      try onLoops(threads) { [arguments] in try await workload.run(Array(arguments.dropFirst())) }
    } catch is NotYet {
      refuse()
    }
  }

  /// What `compare` takes for "not yet", from us and from every peer alike.
  static func refuse() -> Never {
    let known = Workload.allCases.map(\.rawValue).joined(separator: " ")
    let text = "unknown workload, or not written yet; known: \(known)\n"
    unsafe write(STDERR_FILENO, text, text.utf8.count)
    exit(EX_USAGE)
  }
}

/// The workloads, under the names that the peers' programs know them by.
enum Workload: String, CaseIterable {
  case spawn, gather, yield, pingpong, continuations, timers, timeout, sleep1m, echo, queue, semaphore
  case lock, lockcontended, event
  case race, ascompleted, generator, blocking, blocking100, blockers
  case files, filesblocking, tls, tlshandshake, http, https, httplocal, lines, httpserver
  case generatorForEach = "generator-foreach"
  case curveTasks = "curve-tasks"
  case curveTimers = "curve-timers"
  case curveQueue = "curve-queue"
  case curveWaiters = "curve-waiters"

  func run(_ arguments: [String]) async throws {
    switch self {
    case .spawn: await spawnTasks()
    case .gather: try await gatherOperations()
    case .yield: try await yieldTurns()
    case .pingpong: try await pingPong()
    case .continuations: try await pingPongOverContinuations()
    case .timers: try await cancelTimers()
    case .timeout: try await boundReadyOperations()
    case .sleep1m: try await millionSleepers()
    case .echo: try await serveEcho(port: arguments.first)
    case .queue: try await handOverItems()
    case .semaphore: try await takePermits()
    case .lock: try await takeFreeLock()
    case .lockcontended: try await contendForLock()
    case .event: try await wakeMany()
    case .race: try await raceWithSleepers()
    case .ascompleted: try await takeAsCompleted()
    case .http: try await requestPages(arguments)
    case .https: try await requestPages(arguments, overTLS: true)
    case .httplocal: try await requestFromOurselves(arguments)
    case .generator: try await iterateGenerator()
    case .generatorForEach: try await iterateByForEach()
    case .blocking: try await callBlocking()
    case .blocking100: try await callBlockingFromMany()
    case .blockers: try await delayBehindBlockers()
    case .files: try await readFiles()
    case .filesblocking: try await readFilesBlocking()
    case .tls: try await echoOverTLS()
    case .tlshandshake: try await shakeHandsOverTLS()
    case .lines: try await readLines()
    case .curveTasks: try await gatherAtOnce(size(arguments))
    case .curveTimers: try await cancelTimersAtOnce(size(arguments))
    case .curveQueue: try await fillQueue(size(arguments))
    case .curveWaiters: try await cancelWaiters(size(arguments))
    case .httpserver: try await serveHello(port: arguments.first)
    }
  }

  /// How many things the workloads of `curves` do at once.
  private func size(_ arguments: [String]) -> Int { arguments.first.flatMap { Int($0) } ?? 1000 }
}
