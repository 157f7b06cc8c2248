import AsyncIOSystem
import HTTPTypes

/// What a resource is known by, for conditions.
struct HTTPResourceFacts {
  /// A strong tag: another content is another file, or another length, or was written at another instant.
  let tag: String
  let lastModified: String
  /// Seconds since 1970.
  let modified: Int64

  init(_ info: FileInfo) {
    let (seconds, attoseconds) = info.modified.components
    let nanoseconds = UInt64(bitPattern: seconds) &* 1_000_000_000 &+ UInt64(attoseconds / 1_000_000_000)
    tag =
      "\"\(Self.hexadecimal(info.inode))-\(Self.hexadecimal(UInt64(info.size)))-\(Self.hexadecimal(nanoseconds))\""
    modified = max(0, seconds)
    lastModified = HTTPDate.text(at: Int(modified))
  }

  private static func hexadecimal(_ number: UInt64) -> String { String(number, radix: 16) }
}

/// The conditions of a request, and what follows from them (RFC 9110 §13).
struct HTTPConditions {
  enum Verdict: Equatable {
    /// 412.
    case failed
    /// 304.
    case notModified
    /// The resource is sent; a part of it only if it is the one that the client has other parts of.
    case send(allowsRange: Bool)
  }

  private let ifMatch: [String]
  private let ifNoneMatch: [String]
  private let ifModifiedSince: Int64?
  private let ifUnmodifiedSince: Int64?
  private let ifRange: String?

  /// Takes the conditions of a `GET` or `HEAD`.
  init(_ request: HTTPServerRequest) {
    ifMatch = Self.tags(request.values(of: .ifMatch))
    ifNoneMatch = Self.tags(request.values(of: .ifNoneMatch))
    ifModifiedSince = request[.ifModifiedSince].flatMap(HTTPDateText.seconds(parsing:))
    ifUnmodifiedSince = request[.ifUnmodifiedSince].flatMap(HTTPDateText.seconds(parsing:))
    ifRange = request[.ifRange]?.trimmed
  }

  /// The tags of a list, each with its quotes, and `W/` where it is weak; `*` is one too.
  private static func tags(_ values: [String]) -> [String] {
    var tags: [String] = []
    for value in values {
      var reader = HTTPFieldReader(value)
      while !reader.isAtEnd {
        reader.skipBlanks()
        var tag = reader.take { $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: ",") }
        if reader.skip(UInt8(ascii: "\"")) {
          tag += "\"" + reader.take { $0 != UInt8(ascii: "\"") } + "\""
          _ = reader.skip(UInt8(ascii: "\""))
        }
        tags.append(tag.trimmed)
        _ = reader.take { $0 != UInt8(ascii: ",") }
        _ = reader.skip(UInt8(ascii: ","))
      }
    }
    return tags.filter { !$0.isEmpty }
  }

  /// RFC 9110 §13.2.2, in its order.
  func verdict(on facts: HTTPResourceFacts) -> Verdict {
    if !ifMatch.isEmpty {
      // Strong comparison: a weak tag is equal to none.
      if !ifMatch.contains("*"), !ifMatch.contains(facts.tag) { return .failed }
    } else if let ifUnmodifiedSince, facts.modified > ifUnmodifiedSince {
      return .failed
    }
    if !ifNoneMatch.isEmpty {
      let tags = ifNoneMatch.map { $0.hasPrefix("W/") ? String($0.dropFirst(2)) : $0 }
      if tags.contains("*") || tags.contains(facts.tag) { return .notModified }
    } else if let ifModifiedSince, facts.modified <= ifModifiedSince {
      return .notModified
    }
    guard let ifRange else { return .send(allowsRange: true) }
    if ifRange.hasPrefix("\"") { return .send(allowsRange: ifRange == facts.tag) }
    // A date must be the very one, as it is no strong validator otherwise (§13.1.5).
    return .send(allowsRange: ifRange == facts.lastModified)
  }
}
