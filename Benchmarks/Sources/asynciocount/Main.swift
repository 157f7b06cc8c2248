import AsyncIO
import Glibc

/// Does one thing of the hot paths as often as told, so that its instructions can be counted: `asynciocount NAME TIMES`.
///
/// `Benchmarks/count` runs it with two numbers of times and divides the difference: what it takes to start falls out.
@main
struct Main {
  static func main() throws {
    let arguments = CommandLine.arguments
    guard arguments.count == 3, let path = HotPath(rawValue: arguments[1]), let times = Int(arguments[2])
    else {
      print(HotPath.allCases.map(\.rawValue).joined(separator: "\n"))
      exit(EX_USAGE)
    }
    precondition(
      times > 0 && times.isMultiple(of: 1000), "the batches have 1000, and \(times) is no multiple of it")
    try EventLoop.run(watchdog: nil) { try await path.run(times) }
  }
}

/// What is counted, under the names of `baselines.json`.
///
/// No path lets the memory that is in use grow with the number of times, so that each time costs the same.
enum HotPath: String, CaseIterable {
  case enqueue, yield, pingpong, spawn, createtask, gather, ascompleted, race
  case timer, timeout, timeoutwaiting
  case lock, lockwaiting, semaphore, semaphorewaiting, event
  case queue, queuewaiting, generator, generatorforeach, generatorforeachasync, echo

  func run(_ times: Int) async throws {
    switch self {
    case .enqueue: try await enqueueCallbacks(times)
    case .yield: try await yieldTurns(times)
    case .pingpong: try await pingPong(times)
    case .spawn: await spawnTasks(times)
    case .createtask: try await createTasks(times)
    case .gather: try await gatherOperations(times)
    case .ascompleted: try await takeAsCompleted(times)
    case .race: try await raceWithSleepers(times)
    case .timer: setAndCancelTimers(times)
    case .timeout: try await boundReadyOperations(times)
    case .timeoutwaiting: try await boundWaitingOperations(times)
    case .lock: try await takeLock(times)
    case .lockwaiting: try await waitForLock(times)
    case .semaphore: try await takePermits(times)
    case .semaphorewaiting: try await waitForPermits(times)
    case .event: try await wakeMany(times)
    case .queue: try await putAndGet(times)
    case .queuewaiting: try await handOverItems(times)
    case .generator: try await iterateGenerator(times)
    case .generatorforeach: try await iterateByForEach(times)
    case .generatorforeachasync: try await iterateByForEachAsync(times)
    case .echo: try await echoMessages(times)
    }
  }
}
