// Rows one by one: a thread of GRDB steps through them and hands them over in portions; the loop takes them.
//
// Back-pressure: the thread has two portions' worth of credit, takes one for each that it hands over, and sleeps when it has none;
// who has taken a portion gives the credit back. So it is never more than two portions ahead.
//
// Why the thread never sleeps for good: whoever reads no more (the end of the iteration, an error, a cancellation) sets `isStopped`
// and gives a credit; the thread looks at the flag each time it has got one.

import AsyncIOCoordination
import AsyncIORuntime
import Dispatch
public import GRDB
import Synchronization

extension SQLiteDatabase {
  /// The rows of a query as values, one by one, for more than fit into memory.
  ///
  /// ```swift
  /// for try await user in database.rows(User.self, "SELECT * FROM users") { try await greet(user) }
  /// ```
  ///
  /// All are of the state of the database when the first was asked for. Slow reading keeps a connection busy, and the log of changes
  /// from being cleared.
  ///
  /// - Parameters:
  ///   - type: What a row is read as: a type with GRDB's `FetchableRecord`.
  ///   - sql: The query; a value in the text becomes a parameter.
  /// - Returns: The values; each iteration performs the query anew.
  public func rows<Value: FetchableRecord & Sendable>(_ type: Value.Type, _ sql: SQL) -> SQLiteRows<Value> {
    SQLiteRows(database: self) { db, handOver in
      let cursor = try SQLRequest<Value>(literal: sql, cached: true).fetchCursor(db)
      while let value = try cursor.next() {
        guard handOver(value) else { return }
      }
    }
  }

  /// The first column of the rows of a query, one by one.
  ///
  /// - Parameters:
  ///   - type: What the column is read as, such as `Int` or `String`.
  ///   - sql: The query; a value in the text becomes a parameter.
  /// - Returns: The values; each iteration performs the query anew.
  public func rows<Value: DatabaseValueConvertible & Sendable>(_ type: Value.Type, _ sql: SQL) -> SQLiteRows<
    Value
  > {
    SQLiteRows(database: self) { db, handOver in
      let cursor = try SQLRequest<Value>(literal: sql, cached: true).fetchCursor(db)
      while let value = try cursor.next() {
        guard handOver(value) else { return }
      }
    }
  }
}

/// Values of rows that come one by one; made by `SQLiteDatabase.rows`.
public struct SQLiteRows<Element: Sendable>: AsyncSequence, Sendable {
  /// Reads all rows, and hands each over until that returns false.
  typealias Reading = @Sendable (Database, (Element) -> Bool) throws -> Void

  let database: SQLiteDatabase
  let reading: Reading

  /// Makes an iterator; the query is performed when its first row is asked for.
  public func makeAsyncIterator() -> Iterator { Iterator(reader: RowReader(database, reading)) }

  /// Reads rows.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let reader: RowReader<Element>

    /// The next row; nil behind the last.
    ///
    /// - Parameter isolation: Not used: the function runs where its caller runs in any case.
    /// - Returns: The row as a value.
    /// - Throws: GRDB's `DatabaseError`, also in the middle of the rows; `CancellationError`.
    ///
    /// ## Cancellation
    /// Ends the wait and the query.
    public nonisolated(nonsending) mutating func next(isolation: (any Actor)? = #isolation) async throws
      -> Element?
    {
      try await reader.next()
    }
  }
}

/// Takes what a thread hands over; used by one task.
private final class RowReader<Element: Sendable> {
  private let database: SQLiteDatabase
  private let reading: SQLiteRows<Element>.Reading
  private let channel = RowChannel<Element>()
  private var producer: TaskHandle<Void>?
  private var portion: ArraySlice<Element> = []
  private var hasEnded = false

  init(_ database: SQLiteDatabase, _ reading: @escaping SQLiteRows<Element>.Reading) {
    self.database = database
    self.reading = reading
  }

  deinit { channel.stop() }

  func next() async throws -> Element? {
    if let value = portion.popFirst() { return value }
    if hasEnded { return nil }
    let producer = producer ?? start()
    do {
      portion = try await channel.take()[...]
      return portion.popFirst()
    } catch {
      hasEnded = true
      channel.stop()
      guard error is QueueError else {
        producer.cancel()
        throw error
      }
      try await producer.value
      return nil
    }
  }

  private func start() -> TaskHandle<Void> {
    let (database, reading, channel) = (database, reading, channel)
    let task = createTask(name: "rows of an SQLite database") {
      defer { channel.end() }
      try await database.read { db in
        var portion: [Element] = []
        try reading(db) { value in
          portion.append(value)
          guard portion.count == RowChannel<Element>.portionSize else { return true }
          defer { portion = [] }
          return channel.put(portion)
        }
        _ = channel.put(portion)
      }
    }
    producer = task
    return task
  }
}

/// Between the thread and the loop.
private final class RowChannel<Element: Sendable>: Sendable {
  static var portionSize: Int { 128 }

  private let portions = AsyncQueue<[Element]>()
  // Dispatch traps if one goes away with less than it was made with.
  private let credit = DispatchSemaphore(value: 0)
  private let isStopped = Atomic<Bool>(false)

  init() {
    credit.signal()
    credit.signal()
  }

  /// Hands a portion over, on the thread; false if nobody wants more.
  func put(_ portion: [Element]) -> Bool {
    if portion.isEmpty { return true }
    credit.wait()
    guard !isStopped.load(ordering: .acquiring) else { return false }
    return (try? portions.tryPut(portion)) ?? false
  }

  /// Says that nothing comes any more.
  func end() { portions.shutdown() }

  func take() async throws -> [Element] {
    let portion = try await portions.get()
    credit.signal()
    return portion
  }

  /// Says that nobody wants more.
  func stop() {
    isStopped.store(true, ordering: .releasing)
    credit.signal()
  }
}
