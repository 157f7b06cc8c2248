// Answers that do not end by themselves, such as WebSockets and events, are told when the server closes.

import Synchronization

extension HTTPServer {
  /// What is done when the server closes.
  struct ClosingActions {
    fileprivate var last = 0
    fileprivate var actions: [Int: @Sendable () -> Void] = [:]
  }

  /// Has `action` called when the server closes, at once if it has already; it must not wait, and may be called twice.
  ///
  /// The server says that it closes before it takes the actions, and this stores one before it asks: one of the two finds it.
  ///
  /// - Parameter action: what is to be done.
  /// - Returns: what `forgetClosingAction` is to be given at the end.
  func whenClosing(_ action: @escaping @Sendable () -> Void) -> Int {
    let number = closingActions.withLock { state in
      state.last += 1
      state.actions[state.last] = action
      return state.last
    }
    if isClosing { action() }
    return number
  }

  /// Forgets an action.
  func forgetClosingAction(_ number: Int) { closingActions.withLock { $0.actions[number] = nil } }

  func performClosingActions() {
    let actions = closingActions.withLock { Array($0.actions.values) }
    for action in actions { action() }
  }
}
