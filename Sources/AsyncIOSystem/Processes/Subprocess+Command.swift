public import SystemPackage

extension Subprocess {
  /// What to run, and in which surroundings.
  ///
  /// ```swift
  /// var command = Subprocess.Command("make", "test")
  /// command.workingDirectory = "/src"
  /// command.environment = .inherited(with: ["CC": "clang"])
  /// let result = try await Subprocess.run(command)
  /// ```
  public struct Command: Sendable {
    /// A name that is looked for in `PATH`, or a path if it contains a slash.
    public var program: String
    /// What the program is given, without its name.
    public var arguments: [String]
    /// The child's environment variables.
    public var environment = Environment.inherited
    /// Where the child starts; where this process is if nil.
    public var workingDirectory: FilePath?
    /// Whom the child is in a group with.
    public var group = ProcessGroup.inherited
    /// How long the child may take to end after it was asked to by SIGTERM, before SIGKILL.
    public var grace: Duration = .seconds(3)

    /// Makes a command that inherits its surroundings.
    public init(_ program: String, _ arguments: String...) {
      self.init(program, arguments: arguments)
    }

    /// Makes a command that inherits its surroundings.
    public init(_ program: String, arguments: [String]) {
      self.program = program
      self.arguments = arguments
    }

    /// A command of the shell (asyncio's `create_subprocess_shell`).
    ///
    /// Never put together of text that comes from outside: the shell runs what it finds in it.
    ///
    /// - Parameter text: What `/bin/sh` is to do.
    /// - Returns: The command.
    public static func shell(_ text: String) -> Command { Command("/bin/sh", "-c", text) }
  }

  /// The environment variables of a child.
  public enum Environment: Sendable {
    /// Those of this process.
    case inherited
    /// Those of this process with these changes; nil takes one away.
    case inheritedWith([String: String?])
    /// These and no others.
    case only([String: String])

    /// Those of this process with these changes; nil takes one away.
    public static func inherited(with changes: [String: String?]) -> Environment { .inheritedWith(changes) }
  }

  /// Whom a child is in a group with: who shares its terminal signals, and is ended with it.
  public enum ProcessGroup: Sendable {
    /// The group of this process: Ctrl-C at the terminal reaches the child too. Ending the child ends it alone.
    case inherited
    /// A group of its own: ending the child ends also what it has started.
    case own
    /// A session of its own, without a terminal (asyncio's `start_new_session`); ending the child ends also what it has started.
    case session
  }
}

extension Subprocess.Command: CustomStringConvertible {
  /// As it would be typed, without regard to what a shell would need quoted beyond blanks.
  public var description: String {
    ([program] + arguments).map { $0.isEmpty || $0.contains(" ") ? "'\($0)'" : $0 }.joined(separator: " ")
  }
}
