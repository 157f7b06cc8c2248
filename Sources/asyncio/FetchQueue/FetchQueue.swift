/// A run that several processes share: its URLs, who is fetching which, and what became of them.
///
/// A job belongs to whoever has taken it until its claim is over; what he says about it later does not count, as somebody else has
/// been given it.
protocol FetchQueue: Sendable {
  /// The name of the run, for people.
  var name: String { get }
  /// How long a job stays with a process that nothing is heard of.
  var claim: Duration { get }
  /// Puts in the URLs that are not in the run yet, all or none; one that stands in the list twice is fetched twice.
  ///
  /// - Returns: How many were new.
  func put(_ urls: [String]) async throws -> Int
  /// Takes jobs; waits until there is one.
  ///
  /// - Returns: None when all of the run has ended, whoever has done it.
  func take(upTo count: Int) async throws -> [FetchJob]
  /// Says again that jobs are being dealt with, before the claim is over.
  func keep(_ jobs: [FetchJob]) async throws
  /// Notes what became of jobs, which ends them.
  ///
  /// - Returns: The `id`s of those that were this process's still, also where it has noted that before and was not told so.
  func finish(_ ended: [EndedJob]) async throws -> Set<Int>
  /// Gives a job back that is to be tried again, by anybody.
  func giveAgain(_ job: FetchJob, after pause: Duration, because problem: String) async throws
  /// Puts jobs back that nothing was done about.
  func putBack(_ jobs: [FetchJob]) async throws
  /// How far the whole run is.
  func progress() async throws -> (ended: Int, total: Int)
  /// What became of the whole run.
  func summary() async throws -> FetchRunSummary
  /// Lets go of the queue.
  func close() async
}

/// A job, and what became of it.
struct EndedJob: Sendable, Equatable {
  /// The job.
  var job: FetchJob
  /// What became of it.
  var result: FetchResult
}
