// Which statements a connection has prepared; used by whoever has the connection's turn.

/// Statements that are prepared on a connection, by their text, the one that was used longest ago first to go.
struct StatementCache {
  private struct Entry {
    let name: String
    var lastUse: UInt64
  }

  let capacity: Int
  private var entries: [String: Entry] = [:]
  private var uses: UInt64 = 0
  private var names: UInt64 = 0
  /// Prepared on the server still, and not to be used any more.
  private(set) var obsolete: [String] = []

  init(capacity: Int) { self.capacity = capacity }

  var count: Int { entries.count }

  func isPrepared(_ sql: String) -> Bool { entries[sql] != nil }

  /// The name under which a statement is prepared.
  mutating func name(of sql: String) -> String? {
    guard entries[sql] != nil else { return nil }
    uses += 1
    entries[sql]?.lastUse = uses
    return entries[sql]?.name
  }

  /// A name for a statement that is to be prepared; nil if none is to be.
  mutating func newName() -> String? {
    guard capacity > 0 else { return nil }
    names += 1
    return "asyncio_\(names)"
  }

  /// Notes that a statement was prepared.
  mutating func insert(_ sql: String, name: String) {
    if let former = entries[sql] { obsolete.append(former.name) }
    if entries.count >= capacity, let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse }) {
      entries[oldest.key] = nil
      obsolete.append(oldest.value.name)
    }
    uses += 1
    entries[sql] = Entry(name: name, lastUse: uses)
  }

  /// Forgets a statement that the server has forgotten, or cannot use any more.
  mutating func remove(_ sql: String) {
    if let entry = entries.removeValue(forKey: sql) { obsolete.append(entry.name) }
  }

  /// Takes the names of what is to be forgotten on the server.
  mutating func takeObsolete() -> [String] {
    defer { obsolete = [] }
    return obsolete
  }
}
