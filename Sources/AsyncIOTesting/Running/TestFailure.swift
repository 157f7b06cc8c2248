internal import AsyncIORuntime

/// Why a test failed that did not end by itself.
enum TestFailure: Sendable, CustomStringConvertible {
  /// Nothing can run and no timer is set.
  case deadlock(Situation)
  /// The deadline has passed.
  case overdue(Duration, Situation)
  /// The test was cancelled, and has not ended.
  case abandoned(Situation)
  /// The test has ended, and these have not, although they were cancelled.
  case leftovers([String])

  /// Sentences for people.
  var description: String {
    switch self {
    case .deadlock(let situation):
      "deadlock: nothing can run and no timer is set\n\(situation)"
    case .overdue(let limit, let situation):
      "the test took longer than its deadline of \(limit)\n\(situation)"
    case .abandoned(let situation):
      "the test did not end after it was cancelled, and was abandoned\n\(situation)"
    case .leftovers(let names):
      "did not end after the test, although cancelled: " + names.joined(separator: ", ")
    }
  }
}

/// Who waits for what, in words.
enum Situation: Sendable, CustomStringConvertible {
  /// A line for each that waits, or has not ended.
  case lines([String])
  /// The loop did not answer.
  case busy

  /// Describes the loop of this thread.
  ///
  /// - Parameters:
  ///   - loop: The loop of this thread.
  ///   - test: The record of the test itself.
  init(of loop: EventLoop, test: TaskRecord) {
    func name(_ task: TaskRecord?) -> String {
      switch task {
      case nil: "a task without a name"
      case let task? where task === test: "the test"
      case let task?: task.description
      }
    }
    let waits = loop.waits
    let silent = TaskRegistry.shared.all.filter { task in
      task.loop === loop && task.state != .finished && !waits.contains { $0.task === task }
    }
    self = .lines(
      waits.map { "\(name($0.task)) waits for \($0.subject)" }
        + silent.map { "\($0) has not ended" })
  }

  /// The lines, or what else is known.
  var description: String {
    switch self {
    case .lines([]):
      "nobody waits for anything of this library: look for a continuation, a stream or a task's value"
    case .lines(let lines):
      lines.joined(separator: "\n")
    case .busy:
      "the loop does not answer: a function on it has been running, or blocks, without giving way"
    }
  }
}
