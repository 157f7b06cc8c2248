import AsyncIO

/// Opens the queue of a run.
///
/// - Parameters:
///   - address: Where it is.
///   - name: The run's.
///   - claim: How long a job stays with a process that nothing is heard of.
///   - retries: How often a job is given out again that has failed.
/// - Returns: The queue, which may be empty still.
/// - Throws: What the server has to say; `MissingClient` where the tool was built without what it takes.
func openFetchQueue(
  _ address: FetchQueueAddress, name: String, claim: Duration, retries: Int
) async throws -> any FetchQueue {
  #if ASYNCIO_POSTGRES
    try await PostgresFetchQueue.open(address.server, name: name, claim: claim, retries: retries)
  #else
    throw MissingClient()
  #endif
}

/// The tool was built without the client library of a database.
struct MissingClient: Error, CustomStringConvertible {
  var description: String {
    """
    this asyncio was built without PostgreSQL's client library: \
    apt-get install libpq-dev, then swift package purge-cache, and build it again
    """
  }
}
