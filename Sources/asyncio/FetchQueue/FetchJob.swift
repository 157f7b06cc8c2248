/// A URL that was taken from the queue of a run, to be fetched by this process.
struct FetchJob: Sendable, Equatable {
  /// The number of the job in the queue.
  var id: Int
  /// How many times it was given out by now, from 1.
  var attempt: Int
  /// The number of the URL in the run.
  var number: Int
  /// What to fetch.
  var url: String
  /// The name for a file with its body, of which there is no other in the run.
  var file: String
}
