/// File names for the bodies of URLs, in one folder.
///
/// A name has only letters, digits, `.`, `-` and `_` of ASCII. It does not begin with a dot or a dash, so that
/// it is never hidden, never `..`, and never taken for an option. No two names of one run are equal, also where
/// a file system does not tell capitals from small letters.
struct OutputNames: Sendable {
  /// Bytes of the longest name; file systems allow 255, and this leaves room for a suffix.
  static let longestName = 200

  /// How many URLs asked for each name, in small letters.
  private var uses: [String: Int] = [:]

  /// No names given out yet.
  init() {}

  /// Gives a name out that is in use already.
  mutating func reserve(_ name: String) { uses[name.lowercased(), default: 0] += 1 }

  /// The name for the next URL; the same URL again gets another name.
  ///
  /// Called in the order of the list, it gives the same names each time, in whatever order the responses
  /// come.
  mutating func name(for url: String) -> String {
    let base = Self.shorten(Self.safe(url), for: url)
    var name = base
    // `a-2` may also be the name of another URL, hence the loop; the count makes it short.
    while uses[name.lowercased()] != nil {
      let next = uses[base.lowercased(), default: 1] + 1
      uses[base.lowercased()] = next
      name = Self.insert("-\(next)", into: base)
    }
    uses[name.lowercased()] = 1
    return name
  }

  /// Host, path and query, without what names a user, and with `_` for each run of other characters.
  private static func safe(_ url: String) -> String {
    var rest = Substring(url)
    if let scheme = rest.firstRange(of: "://") { rest = rest[scheme.upperBound...] }
    rest = rest.prefix { $0 != "#" }
    let authority = rest.prefix { !"/?".contains($0) }
    if let user = authority.lastIndex(of: "@") { rest = rest[rest.index(after: user)...] }

    var name = ""
    for byte in rest.utf8 {
      switch Character(Unicode.Scalar(byte)) {
      case let character where "a"..."z" ~= character || "A"..."Z" ~= character || "0"..."9" ~= character:
        name.append(character)
      case let character where "-.".contains(character): name.append(character)
      default: if name.last != "_" { name.append("_") }
      }
    }
    let trimmed = name.drop { "._-".contains($0) }.reversed().drop { "._".contains($0) }.reversed()
    return trimmed.isEmpty ? "index" : String(trimmed)
  }

  /// Cuts a long name, and puts a hash of the whole URL where it was cut.
  private static func shorten(_ name: String, for url: String) -> String {
    guard name.count > longestName else { return name }
    let hash = String(fingerprint(of: url), radix: 16)
    let tail = fileExtension(of: name)
    return name.prefix(longestName - hash.count - 1 - tail.count) + "-" + hash + tail
  }

  private static func insert(_ suffix: String, into name: String) -> String {
    let tail = fileExtension(of: name)
    return name.dropLast(tail.count) + suffix + tail
  }

  /// The last dot and what follows, where it looks like the kind of a file; empty elsewhere.
  private static func fileExtension(of name: String) -> Substring {
    guard let slash = name.lastIndex(of: "_"), let dot = name.lastIndex(of: "."), slash < dot else {
      return ""
    }
    let tail = name[dot...]
    return (2...6).contains(tail.count) && tail.dropFirst().allSatisfy { $0.isLetter || $0.isNumber }
      ? tail : ""
  }

  /// FNV-1a: the same in every run, unlike `Hasher`.
  private static func fingerprint(of text: String) -> UInt64 {
    text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01b3 }
  }
}
