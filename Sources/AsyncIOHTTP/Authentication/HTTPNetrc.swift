public import AsyncIORuntime
import Glibc

/// A file of servers with names and passwords, such as `~/.netrc`.
public struct HTTPNetrc: Hashable, Sendable {
  /// What stands there for a server.
  public struct Entry: Hashable, Sendable {
    /// The name of the user.
    public var user: String
    /// The password.
    public var password: String
  }

  private var machines: [String: Entry] = [:]
  private var fallback: Entry?

  /// Reads the text of a file; what is not understood is skipped.
  ///
  /// - Parameter text: the text, with the words `machine`, `default`, `login`, `password` and `macdef`.
  public init(parsing text: String) {
    var words = Self.words(text)[...]
    var name: String??
    var entry = Entry(user: "", password: "")
    func finish(_ netrc: inout HTTPNetrc) {
      switch name {
      case .some(.some(let host)): if netrc.machines[host] == nil { netrc.machines[host] = entry }
      case .some(nil): if netrc.fallback == nil { netrc.fallback = entry }
      case nil: break
      }
      entry = Entry(user: "", password: "")
    }
    while let word = words.popFirst() {
      switch word {
      case "machine":
        finish(&self)
        name = .some(words.popFirst()?.lowercased())
      case "default":
        finish(&self)
        name = .some(nil)
      case "login": entry.user = words.popFirst() ?? ""
      case "password": entry.password = words.popFirst() ?? ""
      case "account": _ = words.popFirst()
      default: break
      }
    }
    finish(&self)
  }

  /// Reads a file; at once, so best before the loop has much to do.
  ///
  /// - Parameter path: the file; if nil, what `NETRC` names, or `.netrc` in the home folder.
  /// - Throws: `IOError` when it cannot be read.
  public init(path: String? = nil) throws(IOError) {
    let path = path ?? Self.environment("NETRC") ?? (Self.environment("HOME") ?? "") + "/.netrc"
    guard let file = unsafe fopen(path, "re") else {
      throw IOError(.system, errno: errno, operation: "open", detail: path)
    }
    defer { unsafe fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = unsafe fread(&buffer, 1, buffer.count, file)
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    self.init(parsing: String(decoding: bytes, as: UTF8.self))
  }

  /// What stands there for a server, or for all others.
  public func entry(for host: String) -> Entry? { machines[host.lowercased()] ?? fallback }

  private static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// The words, without comments and without macros, which go to the next empty line.
  private static func words(_ text: String) -> [String] {
    var words: [String] = []
    var isInMacro = false
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if isInMacro {
        if line.trimmed.isEmpty { isInMacro = false }
        continue
      }
      for word in line.split(whereSeparator: \.isWhitespace) {
        if word.hasPrefix("#") { break }
        if word == "macdef" {
          isInMacro = true
          break
        }
        words.append(String(word))
      }
    }
    return words
  }
}
