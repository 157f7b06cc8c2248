import Synchronization

@testable import asyncio

/// A small terminal that understands what the display sends, and nothing else.
final class Screen: Sendable {
  private struct State {
    var rows: [[Character]] = [[]]
    var row = 0
    var column = 0
    var writes: [String] = []
    var unknown: [String] = []
  }

  private let state = Mutex(State())

  /// The rows, without spaces at their ends.
  var lines: [String] {
    state.withLock { state in
      state.rows.map { row in
        String(row.reversed().drop { $0 == " " }.reversed())
      }
    }
  }

  /// What was written, write by write.
  var writes: [String] { state.withLock(\.writes) }

  /// Escape sequences that this terminal does not know.
  var unknown: [String] { state.withLock(\.unknown) }

  /// Shows what is written at the cursor; a line ends where the terminal ends, unless told otherwise.
  @discardableResult
  func write(_ text: String) -> Bool {
    state.withLock { state in
      state.writes.append(text)
      for piece in DisplayPieces(text) {
        Self.show(piece, on: &state)
      }
    }
    return true
  }

  private static func show(_ piece: DisplayPieces.Piece, on state: inout State) {
    switch String(piece.text) {
    case "\r": state.column = 0
    case "\n":
      state.row += 1
      state.column = 0
      if state.row == state.rows.count { state.rows.append([]) }
    case "\u{1B}[K": state.rows[state.row].removeLast(max(0, state.rows[state.row].count - state.column))
    case "\u{1B}[J":
      state.rows[state.row].removeLast(max(0, state.rows[state.row].count - state.column))
      state.rows.removeLast(state.rows.count - state.row - 1)
    case let text where piece.isEscape && text.last == "A":
      state.row = max(0, state.row - (Int(text.dropFirst(2).dropLast()) ?? 1))
    case let text where piece.isEscape && text.last == "m": break
    case let text where piece.isEscape: state.unknown.append(text)
    case let text:
      while state.rows[state.row].count <= state.column { state.rows[state.row].append(" ") }
      state.rows[state.row][state.column] = Character(text)
      state.column += 1
    }
  }
}
