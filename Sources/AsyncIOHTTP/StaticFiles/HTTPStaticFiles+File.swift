import AsyncIOSystem
import HTTPTypes

extension HTTPStaticFiles {
  /// Up to this size a file is read on the loop's thread, if it is in memory.
  private static let cachedSize = 64 * 1024

  /// Answers with an open file, or a part of it, or that the client has it already.
  func answer(
    _ request: HTTPServerRequest, file: ServedDirectory.Opened, at path: FilePath
  ) async throws -> HTTPServerResponse {
    var file = file
    var fields: HTTPFields = [.contentType: contentType(of: path)]
    if options.usesCompressedSiblings {
      fields[.vary] = "Accept-Encoding"
      if let sibling = try await sibling(of: path, for: request) {
        file = sibling.file
        fields[.contentEncoding] = sibling.coding
      }
    }
    let facts = HTTPResourceFacts(file.info)
    fields[.eTag] = facts.tag
    fields[.lastModified] = facts.lastModified
    fields[.acceptRanges] = "bytes"
    if let cacheControl = options.cacheControl { fields[.cacheControl] = cacheControl }

    switch HTTPConditions(request).verdict(on: facts) {
    case .failed: return .plain(.preconditionFailed)
    case .notModified:
      fields[.contentType] = nil
      return HTTPServerResponse(status: .notModified, fields: fields)
    case .send(let allowsRange):
      let ranges = allowsRange ? HTTPByteRanges(request, size: file.info.size) : .whole
      return try await answer(ranges, of: file, fields)
    }
  }

  private func answer(
    _ ranges: HTTPByteRanges, of opened: ServedDirectory.Opened, _ fields: HTTPFields
  ) async throws -> HTTPServerResponse {
    let size = opened.info.size
    var fields = fields
    switch ranges {
    case .whole:
      return HTTPServerResponse(status: .ok, fields: fields, body: try Self.body(opened.file, 0, size))
    case .unsatisfiable:
      return .plain(.rangeNotSatisfiable, fields: [.contentRange: "bytes */\(size)"])
    case .parts(let parts) where parts.count == 1:
      fields[.contentRange] = "bytes \(parts[0].lowerBound)-\(parts[0].upperBound - 1)/\(size)"
      return HTTPServerResponse(
        status: .partialContent, fields: fields,
        body: try Self.body(opened.file, parts[0].lowerBound, parts[0].count))
    case .parts(let parts):
      return HTTPMultipartRanges(parts, of: opened.file, size: size, fields).response
    }
  }

  private static func body(_ file: File, _ offset: Int, _ count: Int) throws -> HTTPServerResponse.Body {
    if count == 0 { return .bytes([]) }
    if count <= cachedSize, let bytes = try file.readCached(at: offset, count: count) { return .bytes(bytes) }
    return .file(HTTPFileSlice(file: file, offset: offset, count: count))
  }

  /// A compressed form of a file that the client understands, if there is one.
  private func sibling(
    of path: FilePath, for request: HTTPServerRequest
  ) async throws -> (file: ServedDirectory.Opened, coding: String)? {
    let accepted = HTTPAcceptEncoding(request.values(of: .acceptEncoding))
    for (coding, end) in [("br", ".br"), ("gzip", ".gz")] where accepted.allows(coding) {
      do {
        let opened = try await open(FilePath(path.string + end))
        if opened.info.kind == .file { return (opened, coding) }
      } catch let error as HTTPStatusError where error.status == .notFound {
        continue
      }
    }
    return nil
  }
}

extension HTTPServerResponse {
  init(status: HTTPResponse.Status, fields: HTTPFields, body: Body) {
    self.status = status
    self.fields = fields
    self.body = body
  }
}
