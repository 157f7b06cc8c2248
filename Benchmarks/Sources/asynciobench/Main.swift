import Glibc

/// Runs one workload and prints one line about it: `asynciobench WORKLOAD [argument …]`.
@main
struct Main {
  static func main() throws {
    let arguments = Array(CommandLine.arguments.dropFirst())
    guard let workload = arguments.first.flatMap(Workload.init) else { refuse() }
    do {
      try onLoop { try await workload.run(Array(arguments.dropFirst())) }
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
  case spawn, gather, yield, pingpong, timers, timeout, sleep1m, echo, queue, semaphore
  case race, ascompleted, generator, blocking, blocking100, blockers
  case files, filesblocking, tls, tlshandshake, http, https, lines

  func run(_ arguments: [String]) async throws {
    switch self {
    case .spawn: await spawnTasks()
    case .gather: try await gatherOperations()
    case .yield: try await yieldTurns()
    case .pingpong: try await pingPong()
    case .timers: try await cancelTimers()
    case .timeout: try await boundReadyOperations()
    case .sleep1m: try await millionSleepers()
    case .echo: try await serveEcho(port: arguments.first)
    case .queue: try await handOverItems()
    case .semaphore: try await takePermits()
    case .race: try await raceWithSleepers()
    case .ascompleted: try await takeAsCompleted()
    case .http: try await requestPages(arguments)
    case .https: try await requestPages(arguments, overTLS: true)
    case .generator: try await iterateGenerator()
    case .blocking: try await callBlocking()
    case .blocking100: try await callBlockingFromMany()
    case .blockers: try await delayBehindBlockers()
    case .files: try await readFiles()
    case .filesblocking: try await readFilesBlocking()
    case .tls: try await echoOverTLS()
    case .tlshandshake: try await shakeHandsOverTLS()
    case .lines: try await readLines()
    }
  }
}
