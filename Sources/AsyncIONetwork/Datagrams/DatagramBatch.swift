// Many datagrams with one system call, for those who have thousands of small ones in a moment.

import AsyncIORuntime
internal import CAsyncIO
import Glibc

/// Memory for datagrams that are received together, used again and again.
///
/// ```swift
/// var batch = DatagramBatch()
/// while true {
///   try await socket.receive(into: &batch)
///   for index in 0..<batch.count { handle(batch[index]) }
/// }
/// ```
public struct DatagramBatch: Sendable {
  /// How many datagrams came with the last call.
  public fileprivate(set) var count = 0
  /// How many bytes of each datagram are kept.
  public let size: Int

  fileprivate var memory: [UInt8]
  fileprivate var lengths: [CUnsignedInt]
  fileprivate var addresses: [sockaddr_storage]
  fileprivate var addressLengths: [CUnsignedInt]

  /// Takes memory for a batch.
  ///
  /// - Parameters:
  ///   - capacity: How many datagrams to receive at once, 1 to 64.
  ///   - size: How many bytes of each to keep; what is longer is cut.
  public init(capacity: Int = 64, size: Int = 2048) {
    precondition(
      (1...Int(CASYNCIO_MANY)).contains(capacity),
      "a batch has 1 to \(CASYNCIO_MANY) datagrams, not \(capacity)")
    precondition(size > 0, "a batch keeps at least 1 byte of each datagram, not \(size)")
    self.size = size
    memory = [UInt8](repeating: 0, count: capacity * size)
    lengths = [CUnsignedInt](repeating: 0, count: capacity)
    addresses = [sockaddr_storage](repeating: sockaddr_storage(), count: capacity)
    addressLengths = [CUnsignedInt](repeating: 0, count: capacity)
  }

  /// A copy of one datagram of the last call.
  ///
  /// - Parameter index: 0 to `count`, exclusive.
  public subscript(index: Int) -> Datagram {
    precondition((0..<count).contains(index), "the batch has \(count) datagrams, and none at \(index)")
    let length = Int(lengths[index])
    let start = index * size
    return Datagram(
      Array(memory[start..<start + min(length, size)]),
      SocketAddress(addresses[index], length: addressLengths[index]), isTruncated: length > size)
  }
}

extension UDPSocket {
  /// Waits for the next datagram, and takes all that are there then, as far as the batch has room (`recvmmsg`).
  ///
  /// - Parameter batch: Gets the datagrams in place of those of the last call.
  /// - Throws: As `receive(atMost:)`.
  ///
  /// ## Cancellation
  /// No datagram has been taken when it throws; the call may be repeated.
  public func receive(into batch: inout DatagramBatch) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    batch.count = 0
    while true {
      let capacity = batch.lengths.count
      let count = try descriptor.attempt(.read, "receive") { number in
        unsafe Int(
          casyncio_receive_many(
            number, &batch.memory, UInt(batch.size), CUnsignedInt(capacity), &batch.lengths, &batch.addresses,
            &batch.addressLengths))
      } isDrained: { _ in
        false
      }
      if let count {
        batch.count = count
        return
      }
      try await descriptor.waitUntilReady(.read, "receive")
    }
  }

  /// Sends datagrams with as few system calls as possible (`sendmmsg`), and waits whenever the system has no room for more.
  ///
  /// - Parameters:
  ///   - datagrams: In order.
  ///   - progress: Grows by the number of datagrams that were sent, also when this throws.
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// The first `progress` datagrams were sent and no more.
  public func send(_ datagrams: [Datagram], progress: inout Int) async throws {
    if descriptor.isOverBudget { try await checkpoint() }
    var rest = datagrams[...]
    while !rest.isEmpty {
      let group = rest.prefix(Int(CASYNCIO_MANY))
      guard let count = try trySend(group) else {
        try await descriptor.waitUntilReady(.write, "send")
        continue
      }
      progress += count
      rest = rest.dropFirst(count)
    }
  }

  /// Sends datagrams with as few system calls as possible (`sendmmsg`), and waits whenever the system has no room for more.
  ///
  /// - Throws: `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Some of the datagrams may have been sent when it throws.
  public func send(_ datagrams: [Datagram]) async throws {
    var sent = 0
    try await send(datagrams, progress: &sent)
  }

  private func trySend(_ datagrams: ArraySlice<Datagram>) throws -> Int? {
    var memory: [UInt8] = []
    var offsets: [UInt] = [0]
    var addresses: [sockaddr_storage] = []
    var lengths: [CUnsignedInt] = []
    for datagram in datagrams {
      memory += datagram.bytes
      offsets.append(UInt(memory.count))
      let (storage, length) = datagram.address.storage
      addresses.append(storage)
      lengths.append(length)
    }
    return try descriptor.attempt(.write, "send") { number in
      unsafe Int(
        casyncio_send_many(number, memory, offsets, CUnsignedInt(lengths.count), &addresses, lengths))
    } isDrained: { _ in
      false
    }
  }
}
