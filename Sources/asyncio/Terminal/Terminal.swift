import Glibc

/// What is known of the terminal behind a standard stream, or of its absence.
struct Terminal: Sendable, Equatable {
  /// Whether the stream is a terminal that understands escape sequences.
  var isInteractive: Bool
  /// Whether colours are welcome.
  var showsColor: Bool
  /// Columns of a line.
  var width: Int

  /// Columns where neither the terminal nor the environment says how many.
  static let defaultWidth = 80

  /// The terminal behind a descriptor of this process, as it is now.
  /// - Parameter descriptor: 1 for standard output, 2 for standard error.
  init(descriptor: Int32) {
    self.init(
      isTerminal: isatty(descriptor) == 1, windowWidth: Self.windowWidth(of: descriptor),
      environment: Self.environment)
  }

  /// Decides from the facts.
  ///
  /// `COLUMNS` comes first, as in Python's `shutil.get_terminal_size`: shells do not export it, so whoever did
  /// means it. `NO_COLOR` is that of no-color.org: any value but the empty one.
  /// - Parameters:
  ///   - isTerminal: Whether the stream is a terminal at all.
  ///   - windowWidth: What the terminal says about its columns.
  ///   - environment: Looks an environment variable up.
  init(isTerminal: Bool, windowWidth: Int?, environment: (String) -> String?) {
    isInteractive = isTerminal && environment("TERM") != "dumb"
    showsColor = isInteractive && (environment("NO_COLOR") ?? "").isEmpty
    let wish = environment("COLUMNS").flatMap { Int($0) }
    width = [wish, windowWidth].compactMap(\.self).first { $0 > 0 } ?? Self.defaultWidth
  }

  /// The palette that suits the terminal.
  var palette: Palette {
    Palette(isColored: showsColor)
  }

  private static func windowWidth(of descriptor: Int32) -> Int? {
    var size = winsize()
    // The kernel writes one `winsize`, which is what `size` is.
    guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
    return Int(size.ws_col)
  }

  private static func environment(_ name: String) -> String? {
    // The value is copied at once, and the tool never changes its environment.
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }
}
