// What the reader has read and nobody has received yet.
//
// One task puts in: the connection's reader. One task at a time takes out: whoever receives. All of it is under one lock.
//
// Small messages are put in whole, large ones in pieces between a beginning and an end, so that they can be received piece by
// piece; whoever wants such a message whole puts it together here, in `partial`, where it stays if the task is cancelled
// meanwhile. So a cancelled call has taken nothing, and nothing is lost.
//
// Why each waiter wakes: a receiver stores its waiter under the lock at the look that finds nothing, and whoever puts something
// in, or ends, takes that waiter out under the lock and finishes it afterwards. What was put in stays until it is taken, so that
// a waiter that was cancelled at the same instant loses nothing. The reader waits for room likewise, and it is not
// cancelled: it is woken when there is room, and at the end.

import AsyncIORuntime
import Synchronization

/// Messages on their way from the reader to whoever receives.
final class WebSocketInbox: Sendable {
  /// What is put in.
  typealias Item = WebSocketParser.Item

  /// What a look has found.
  private enum Look {
    case item(Item)
    case nothing(Waiter)
    case ended
  }

  private struct State {
    var items: [Item] = []
    /// Where the first item is that was not taken.
    var first = 0
    /// What the items that were not taken count for.
    var weight = 0
    var receiver: Waiter?
    var isReceiving = false
    var reader: Waiter?
    /// A message whose pieces are being put together.
    var partial: (kind: WebSocketMessage.Kind, bytes: [UInt8])?
    /// Whether what comes is dropped: after closing.
    var drops = false
    var hasEnded = false
  }

  private let limit: Int
  private let state = Mutex(State())

  /// Makes an inbox.
  ///
  /// - Parameter limit: from how many bytes on the reader has to wait; one that is empty has room in any case.
  init(limit: Int) { self.limit = max(1, limit) }

  // MARK: The reader

  /// Puts something in; false if the reader should wait for room.
  func put(_ item: Item) -> Bool {
    let (receiver, hasRoom) = state.withLock { state -> (Waiter?, Bool) in
      if state.hasEnded || state.drops { return (nil, true) }
      state.items.append(item)
      state.weight += item.weight
      return (state.receiver.take(), state.weight < limit)
    }
    receiver?.finish(.woken)
    return hasRoom
  }

  /// Waits until there is room; called by the reader alone.
  func waitForRoom() async {
    while true {
      let waiter = state.withLock { state -> Waiter? in
        if state.weight < limit || state.hasEnded || state.drops { return nil }
        let waiter = Waiter()
        state.reader = waiter
        return waiter
      }
      guard let waiter else { return }
      await waiter.waitUncancelled(for: "somebody to receive from a WebSocket")
    }
  }

  /// Whether the reader waits for room.
  var isReaderWaiting: Bool { state.withLock { $0.reader != nil } }

  /// Drops what comes from now on; what is there can still be received.
  func drop() { change { $0.drops = true } }

  /// Says that nothing will come any more; what is there can still be received.
  func end() { change { $0.hasEnded = true } }

  private func change(_ body: (inout State) -> Void) {
    let (receiver, reader) = state.withLock { state in
      body(&state)
      return (state.hasEnded ? state.receiver.take() : nil, state.reader.take())
    }
    receiver?.finish(.woken)
    reader?.finish(.woken)
  }

  // MARK: Receiving

  /// The next message as a whole; nil at the end.
  ///
  /// - Throws: `WebSocketViolation` for one that is larger than `limit`; `CancellationError`.
  func nextMessage(upTo limit: Int) async throws -> WebSocketMessage? {
    enter()
    defer { leave() }
    while let item = try await next() {
      switch item {
      case .whole(let message):
        guard message.size <= limit else { throw Self.tooLarge(limit) }
        return message
      case .begin(let kind): state.withLock { $0.partial = (kind, []) }
      case .piece(let bytes):
        let isWithin = state.withLock { state in
          // Of a message that was left in the middle: it is passed over, however large it is.
          guard let count = state.partial?.bytes.count else { return true }
          guard bytes.count <= limit - count else {
            state.partial = nil
            return false
          }
          state.partial?.bytes += bytes
          return true
        }
        guard isWithin else { throw Self.tooLarge(limit) }
      case .end:
        guard let (kind, bytes) = state.withLock({ $0.partial.take() }) else { continue }
        // The reader has looked whether it is UTF-8.
        return kind == .text ? .text(String(decoding: bytes, as: UTF8.self)) : .binary(bytes)
      }
    }
    return nil
  }

  private static func tooLarge(_ limit: Int) -> WebSocketViolation {
    WebSocketViolation(.messageTooBig, "a message is larger than \(limit) bytes")
  }

  /// The beginning of the next message, or the whole of it; nil at the end.
  ///
  /// Pieces of one that was left in the middle are passed over.
  func nextBeginning() async throws -> (kind: WebSocketMessage.Kind, bytes: [UInt8], isWhole: Bool)? {
    enter()
    defer { leave() }
    if let (kind, bytes) = state.withLock({ $0.partial.take() }) { return (kind, bytes, false) }
    while let item = try await next() {
      switch item {
      case .whole(let message): return (message.kind, message.bytes, true)
      case .begin(let kind): return (kind, [], false)
      case .piece, .end: continue
      }
    }
    return nil
  }

  /// The next piece of the message that has begun; nil after the last one.
  ///
  /// - Returns: nil for the message's end, and `isCut` where the connection has ended before.
  func nextPiece() async throws -> (piece: [UInt8]?, isCut: Bool) {
    enter()
    defer { leave() }
    while let item = try await next() {
      switch item {
      case .piece(let bytes): return (bytes, false)
      case .end: return (nil, false)
      case .begin, .whole: continue
      }
    }
    return (nil, true)
  }

  private func enter() {
    let isFirst = state.withLock { state in
      defer { state.isReceiving = true }
      return !state.isReceiving
    }
    precondition(
      isFirst, "two tasks receive from one WebSocket at a time; let one receive and hand on what comes")
  }

  private func leave() { state.withLock { $0.isReceiving = false } }

  private func next() async throws -> Item? {
    while true {
      let (look, reader) = state.withLock { state in (self.look(&state), readerToWake(&state)) }
      reader?.finish(.woken)
      switch look {
      case .item(let item): return item
      case .ended: return nil
      case .nothing(let waiter):
        if await waiter.wait(for: "a message of a WebSocket") == .cancelled {
          state.withLock { state in if state.receiver === waiter { state.receiver = nil } }
          throw CancellationError()
        }
      }
    }
  }

  private func look(_ state: inout State) -> Look {
    guard state.first < state.items.count else {
      if state.hasEnded { return .ended }
      let waiter = Waiter()
      state.receiver = waiter
      return .nothing(waiter)
    }
    let item = state.items[state.first]
    // The place keeps nothing alive.
    state.items[state.first] = .end
    state.first += 1
    state.weight -= item.weight
    if state.first == state.items.count {
      state.items.removeAll(keepingCapacity: state.items.capacity <= 64)
      state.first = 0
    } else if state.first >= 256 {
      state.items.removeSubrange(..<state.first)
      state.first = 0
    }
    return .item(item)
  }

  /// Half of the room must be free, so that the two do not take turns for each message.
  private func readerToWake(_ state: inout State) -> Waiter? {
    guard state.reader != nil, state.weight <= limit / 2 else { return nil }
    return state.reader.take()
  }
}

extension WebSocketParser.Item {
  /// What it counts for in an inbox, in bytes: small messages cost memory too.
  fileprivate var weight: Int {
    switch self {
    case .whole(let message): message.size + 64
    case .piece(let bytes): bytes.count
    case .begin, .end: 0
    }
  }
}
