// What listeners of every kind share: accepting, and living with a system that has no more descriptors.
//
// A process that has run out of descriptors cannot accept: `accept` fails with EMFILE while the connection stays in the
// queue, so that no further edge comes and trying again at once would spin. The listener then waits a moment, as
// descriptors come back when other connections end. The connection that waits is not lost, only late.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// A socket that listens.
final class ListeningSocket: Sendable {
  let descriptor: Descriptor

  /// Errors after which the next connection may well be accepted.
  private static let passing: Set<CInt> = [
    ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
    EPERM,
  ]
  /// Errors that end when others give resources back.
  private static let exhausted: Set<CInt> = [EMFILE, ENFILE, ENOBUFS, ENOMEM]
  /// How long to leave an exhausted system alone.
  private static let pause = Duration.milliseconds(50)

  /// Starts to listen on a socket that is bound, and owns it from then on, also when this throws.
  init(_ number: CInt, backlog: Int, detail: @autoclosure () -> String) throws {
    guard listen(number, CInt(clamping: backlog)) == 0 else {
      let failure = errno
      Glibc.close(number)
      throw IOError(.system, errno: failure, operation: "listen", detail: detail())
    }
    descriptor = try Descriptor(number)
  }

  /// Takes a connection that waits already; nil if there is none.
  func acceptWaiting() -> CInt? {
    let number = try? descriptor.withNumber("accept") { number throws(IOError) in casyncio_accept(number) }
    return number.flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Waits for the next connection; returns its descriptor, which nobody owns yet.
  ///
  /// ## Cancellation
  /// No connection has been taken when it throws.
  func accept() async throws -> CInt {
    if descriptor.isOverBudget { try await checkpoint() }
    while true {
      do {
        let number = try descriptor.attempt(.read, "accept") {
          Int(casyncio_accept($0))
        } isDrained: { _ in
          false
        }
        if let number { return CInt(truncatingIfNeeded: number) }
        try await descriptor.waitUntilReady(.read, "accept")
      } catch let error as IOError {
        guard let failure = error.errno else { throw error }
        if Self.passing.contains(failure) { continue }
        guard Self.exhausted.contains(failure) else { throw error }
        try await sleep(for: Self.pause)
      }
    }
  }
}
