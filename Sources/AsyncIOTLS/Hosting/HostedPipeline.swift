// A hosted channel that many tasks share: protocols with several streams in one connection, such as HTTP/2.
//
// There one task reads for all, and what the handlers make of it goes to their streams within the same turn, not through the
// channel's inbox. Who writes gives its messages to the pipeline in a turn and goes on: the bytes of all who do so before the
// channel's own task runs leave together. So turns are short, nobody waits in one, and whoever has to wait, for room or for
// its peer, does so by a promise or a waiter of its own.

internal import AsyncIOCoordination
internal import AsyncIONetwork
internal import AsyncIORuntime
package import NIOCore

/// A hosted channel, whatever stream it is on, for protocols that serve many tasks by one connection.
package protocol HostedPipeline: AnyObject, Sendable {
  /// Calls the pipeline while no handler runs; what comes of it is sent soon, by a task of the channel.
  ///
  /// - Parameter body: Must not wait, nor take a turn.
  /// - Returns: What `body` returns.
  func turn<Result>(_ body: (ChannelPipeline.SynchronousOperations) -> Result) -> Result

  /// Gives the pipeline bytes that were read before it was made, and calls `then` within the same turn.
  ///
  /// - Parameters:
  ///   - bytes: What was read.
  ///   - then: Must not wait, nor take a turn.
  /// - Returns: What `then` returns.
  func receive<Result>(_ bytes: [UInt8], then: () -> Result) -> Result

  /// Reads bytes from the stream, gives them to the pipeline, and calls `then` within the same turn.
  ///
  /// - Parameter then: Must not wait, nor take a turn.
  /// - Returns: What `then` returns.
  /// - Throws: `IOError`; the stream's other errors; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing has been read when it throws.
  func readMore<Result>(then: () -> Result) async throws -> Result

  /// Waits until everything is sent that was put out.
  ///
  /// - Throws: The stream's error; `CancellationError`, and then the rest is sent by a task of the channel.
  ///
  /// ## Cancellation
  /// As said above.
  func flush() async throws

  /// Sends what was put out, tells the peer that no more follows, and throws away what comes until the peer ends.
  ///
  /// So a peer that is still sending gets what it was told; a socket that is closed with unread bytes resets the connection.
  ///
  /// ## Cancellation
  /// It returns early.
  func linger() async

  /// Sends what is left, and closes the stream.
  ///
  /// ## Cancellation
  /// It is closed in any case; what could not be sent without waiting is lost.
  func close() async

  /// Closes the stream at once.
  func abort()
}

extension HostedChannel: HostedPipeline {
  package func turn<Result>(_ body: (ChannelPipeline.SynchronousOperations) -> Result) -> Result {
    finishTurn { body(host.pipeline.syncOperations) }
  }

  package func receive<Result>(_ bytes: [UInt8], then: () -> Result) -> Result {
    finishTurn {
      host.receive(bytes)
      return then()
    }
  }

  package func readMore<Result>(then: () -> Result) async throws -> Result {
    let bytes = try await readBytes()
    return receive(bytes, then: then)
  }

  package func flush() async throws { try await sendRest() }

  package func linger() async {
    do {
      try await sendRest()
      try await stream.closeWriting()
      while try await !readBytes().isEmpty {}
    } catch {
      // The peer has gone, or the time is over: there is nobody left to be told.
    }
  }

  /// Takes a turn, and starts to send what comes of it.
  private func finishTurn<Result>(_ body: () -> Result) -> Result {
    let (result, needsSender) = host.loop.run {
      let result = body()
      return (result, host.output.needsSender && host.output.begin() == nil)
    }
    if needsSender { startSender() }
    return result
  }
}
