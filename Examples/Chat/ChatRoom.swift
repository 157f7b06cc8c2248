import AsyncIO

/// Who is there, and what is still to be said to each.
///
/// What one says all others read. Before each member stands a queue with room for a hundred lines: who does not read is dropped,
/// rather than waited for by everybody.
actor ChatRoom {
  private struct Member {
    let queue = AsyncQueue<String>(capacity: 100)
    /// Ends the member's conversation, even where it waits for a write.
    let drop: @Sendable () -> Void
  }

  private var present: [String: Member] = [:]

  /// The names of those who are there.
  var members: [String] { present.keys.sorted() }

  /// Lets somebody in; nil if the name is taken.
  func enter(_ name: String, drop: @escaping @Sendable () -> Void) -> AsyncQueue<String>? {
    guard present[name] == nil else { return nil }
    say("* \(name) has come")
    let member = Member(drop: drop)
    present[name] = member
    return member.queue
  }

  func leave(_ name: String) {
    guard present.removeValue(forKey: name) != nil else { return }
    say("* \(name) has gone")
  }

  /// Says a line to all but who has said it.
  func say(_ line: String, from speaker: String? = nil) {
    for (name, member) in present where name != speaker {
      if (try? member.queue.tryPut(line)) != true { member.drop() }  // full: too slow
    }
  }
}
