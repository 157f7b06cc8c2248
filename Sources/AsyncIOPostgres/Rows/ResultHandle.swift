// A result of libpq, given back when nobody refers to it any more. Nothing changes it, so that it may be read from any thread.

internal import CPostgreSQL

/// The memory of a result.
@safe final class ResultHandle: @unchecked Sendable {
  // Sendable: nothing changes it.
  let pointer: OpaquePointer
  let status: ExecStatusType

  init(_ pointer: OpaquePointer) {
    unsafe self.pointer = pointer
    status = unsafe PQresultStatus(pointer)
  }

  deinit { unsafe PQclear(pointer) }

  var rowCount: Int { Int(unsafe PQntuples(pointer)) }

  /// How many rows the statement has touched, as its tag says; 0 for statements that touch none.
  var affectedCount: Int { Int(unsafe String(cString: PQcmdTuples(pointer))) ?? 0 }

  /// What the server calls what it has done, such as `INSERT 0 1`.
  var tag: String { unsafe String(cString: PQcmdStatus(pointer)) }

  func text(_ row: Int, _ column: Int) -> String? {
    let (row, column) = (CInt(row), CInt(column))
    if unsafe PQgetisnull(pointer, row, column) == 1 { return nil }
    guard let value = unsafe PQgetvalue(pointer, row, column) else { return nil }
    let length = Int(unsafe PQgetlength(pointer, row, column))
    return unsafe String(decoding: UnsafeRawBufferPointer(start: value, count: length), as: UTF8.self)
  }

  /// The names and types of the columns.
  var columns: PostgresColumns {
    let count = unsafe PQnfields(pointer)
    let all = (0..<count).map { index in
      unsafe PostgresColumn(name: String(cString: PQfname(pointer, index)), type: PQftype(pointer, index))
    }
    return PostgresColumns(all)
  }
}
