import AsyncIOHTTP
import HTTPTypes

/// What a crawler wants to know of an answer.
struct CrawlAnswer: Sendable {
  /// The status.
  var status: Int
  /// The type of the content in small letters, without its parameters.
  var type: String?
  /// Bytes of the body that arrived, or that the answer has announced.
  var bytes = 0
  /// Where a redirect leads, as it was written.
  var location: String?
  /// The body, if it was asked for and is of the type that was.
  var body: [UInt8]?
  /// What `X-Robots-Tag` says.
  var robotsTags: [String] = []
  /// What `Link` says.
  var links: [String] = []

  /// How much of a body is read that nobody wants, so that the connection can be kept.
  static let drainedSize = 64 * 1024

  /// Reads an answer.
  ///
  /// - Parameters:
  ///   - response: The answer; what is not read of it is given up, with its connection.
  ///   - wanted: Whether a body of a type is wanted.
  ///   - limit: How large it may be.
  /// - Throws: `HTTPBodyLimitError` if it is larger; what the connection throws.
  ///
  /// ## Cancellation
  /// Closes the connection.
  init(
    reading response: HTTPStreamedResponse, wanted: (_ type: String?) -> Bool, upTo limit: Int
  ) async throws {
    status = response.status.code
    type = response[.contentType].map(Self.essence)
    if (300..<400).contains(status) { location = response[.location] }
    if (200..<300).contains(status), wanted(type) {
      let arrived = try await response.body.collect(upTo: limit)
      bytes = arrived.count
      body = Self.textInUTF8(arrived, contentType: response[.contentType]) ?? arrived
      robotsTags = Self.robotsTag.map { response.fields[values: $0] } ?? []
      links = Self.link.map { response.fields[values: $0] } ?? []
    } else {
      bytes = try await Self.drain(response)
    }
  }

  private static let robotsTag = HTTPField.Name("X-Robots-Tag")
  private static let link = HTTPField.Name("Link")

  private static func essence(_ contentType: String) -> String {
    PageLinks.trimmed(String(contentType.prefix { $0 != ";" })).lowercased()
  }

  /// Reads a body that is small to its end.
  ///
  /// - Returns: How large it is, as far as that is known.
  private static func drain(_ response: HTTPStreamedResponse) async throws -> Int {
    if let length = response.length, length > drainedSize { return length }
    var count = 0
    for try await piece in response.body {
      count += piece.count
      if count > drainedSize { break }
    }
    return count
  }

  /// The text in UTF-8, where its type says that it is in another encoding.
  private static func textInUTF8(_ bytes: [UInt8], contentType: String?) -> [UInt8]? {
    let isUTF16 = bytes.starts(with: [0xFE, 0xFF]) || bytes.starts(with: [0xFF, 0xFE])
    let charset = contentType?.lowercased().firstRange(of: "charset=").map { _ in
      contentType?.lowercased() ?? ""
    }
    guard isUTF16 || (charset.map { !$0.contains("utf-8") } ?? false), let url = try? HTTPURL("http://page/")
    else {
      return nil
    }
    var fields = HTTPFields()
    fields[.contentType] = contentType
    let page = HTTPClientResponse(fields: fields, body: bytes, to: HTTPClientRequest(url: url))
    return Array(page.text.utf8)
  }
}
