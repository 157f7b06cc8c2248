import AsyncIORuntime
public import AsyncIOSystem
import Glibc
import HTTPTypes

/// Answers with the files of a directory.
///
/// ```swift
/// var router = HTTPRouter()
/// router.files("/static", try HTTPStaticFiles("public"))
/// ```
///
/// Content types go by the names' ends; ranges, conditions, `ETag` and `Last-Modified` are as in RFC 9110; `HEAD` is answered. Small
/// files that the system has in memory are read on the loop's thread, large ones are sent by the system without a copy, where
/// there is no TLS.
///
/// No path leads out of the directory: `..` in any spelling finds nothing, and symbolic links that lead out of it are not
/// followed, unless that is wanted.
public struct HTTPStaticFiles: Sendable {
  /// What is served, and how.
  public struct Options: Sendable {
    /// What is served where a path names a directory; nil for nothing.
    public var indexFile: String? = "index.html"
    /// Whether a directory without an index file is answered with a list of what is in it.
    public var listsDirectories = false
    /// Whether symbolic links may lead out of the directory.
    public var followsLinksOut = false
    /// Whether files are served whose name, or the name of a directory above them, begins with a dot.
    public var servesHiddenFiles = false
    /// Whether a file `name.br` or `name.gz` is sent in the place of `name` to clients that understand that.
    ///
    /// Each costs an attempt to open it. Who makes them sees to it that they are of the same content.
    public var usesCompressedSiblings = false
    /// What is said about caching, such as `max-age=3600`; nil for nothing.
    public var cacheControl: String?
    /// Content types by the ends of names, in small letters and without a dot; they go before those that are known.
    public var contentTypes: [String: String] = [:]

    /// Makes the default options.
    public init() {}
  }

  /// What is served, and how.
  public let options: Options
  let directory: ServedDirectory

  /// Opens a directory to be served.
  ///
  /// - Parameters:
  ///   - directory: Where it is.
  ///   - options: What is served, and how.
  /// - Throws: `IOError` when there is no such directory.
  public init(_ directory: FilePath, options: Options = Options()) throws {
    self.directory = try ServedDirectory(directory)
    self.options = options
  }

  /// Answers a request with the file that its route's `**` names, or without a route its path.
  ///
  /// - Parameter request: The request, with the method `GET` or `HEAD`.
  /// - Returns: The response.
  /// - Throws: ``HTTPStatusError`` with 404 when there is no such file, 403 when it may not be read, 405 for another method;
  ///   `IOError`; `CancellationError`.
  ///
  /// ## Cancellation
  /// Nothing is changed in any case.
  public func respond(to request: HTTPServerRequest) async throws -> HTTPServerResponse {
    guard request.method == .get || request.method == .head else {
      throw HTTPStatusError(.methodNotAllowed, fields: [.allow: "GET, HEAD"])
    }
    let rest = request.parameters.rest
    return try await respond(to: request, path: rest.isEmpty ? ownPath(of: request) : rest)
  }

  /// The path after the route's prefix: all of it where there is no route.
  private func ownPath(of request: HTTPServerRequest) -> String {
    request.parameters.hasRest ? "" : HTTPURLPath.decoding(String(request.path.dropFirst()))
  }

  private func respond(to request: HTTPServerRequest, path: String) async throws -> HTTPServerResponse {
    guard let place = Place(path, allowsHidden: options.servesHiddenFiles) else {
      throw HTTPStatusError(.notFound)
    }
    let opened = try await open(place.relative)
    switch opened.info.kind {
    case .directory where place.isDirectory: return try await answer(request, directory: opened, at: place)
    case .directory: return Self.redirectToDirectory(request)
    case .file where !place.isDirectory: return try await answer(request, file: opened, at: place.relative)
    default: throw HTTPStatusError(.notFound)
    }
  }

  /// Opens a file, and turns what the system says into what the client is told.
  func open(_ relative: FilePath) async throws -> ServedDirectory.Opened {
    do {
      return try await directory.open(relative, followsLinksOut: options.followsLinksOut)
    } catch let error as IOError {
      throw Self.failure(error)
    }
  }

  // MARK: Directories

  private func answer(
    _ request: HTTPServerRequest, directory: ServedDirectory.Opened, at place: Place
  ) async throws -> HTTPServerResponse {
    if let name = options.indexFile {
      let path = place.relative == "." ? FilePath(name) : place.relative.appending(name)
      do {
        let opened = try await open(path)
        if opened.info.kind == .file { return try await answer(request, file: opened, at: path) }
      } catch let error as HTTPStatusError where error.status == .notFound {
        // A list, or nothing.
      }
    }
    guard options.listsDirectories else { throw HTTPStatusError(.notFound) }
    let entries = try await directory.file.entries(followsLinks: options.followsLinksOut).filter {
      options.servesHiddenFiles || !$0.entry.name.hasPrefix(".")
    }
    return HTTPDirectoryPage(
      title: HTTPURLPath.decoding(request.path), hasParent: place.relative != ".", entries: entries
    ).response
  }

  /// Sends the client to the path with a slash, relative to which the links of an index file are meant.
  private static func redirectToDirectory(_ request: HTTPServerRequest) -> HTTPServerResponse {
    let last = request.path.utf8.split(separator: UInt8(ascii: "/")).last.map { String(Substring($0)) } ?? ""
    // Relative, and with a dot: so it cannot be taken for another host or scheme.
    let query = request.query.map { "?\($0)" } ?? ""
    return .redirect(to: "./\(last)/\(query)", status: .movedPermanently)
  }
}

extension HTTPStaticFiles {
  /// What a path stands for below the directory.
  struct Place {
    let relative: FilePath
    /// Whether the path ends with a slash, or is empty.
    let isDirectory: Bool

    /// Nil for a path that is none of ours: with `.`, `..`, empty parts, or a null character.
    init?(_ path: String, allowsHidden: Bool) {
      var parts = path.split(separator: "/", omittingEmptySubsequences: false)
      isDirectory = parts.last?.isEmpty ?? true
      if isDirectory { parts.removeLast() }
      for part in parts {
        guard !part.isEmpty, part != ".", part != "..", !part.utf8.contains(0) else { return nil }
        if part.hasPrefix("."), !allowsHidden { return nil }
      }
      relative = parts.isEmpty ? "." : FilePath(parts.joined(separator: "/"))
    }
  }

  fileprivate static func failure(_ error: IOError) -> any Error {
    switch error.errno {
    // EXDEV: a link that leads out. ENXIO: a socket.
    case ENOENT, ENOTDIR, ENAMETOOLONG, ELOOP, EXDEV, ENXIO, EINVAL: HTTPStatusError(.notFound)
    case EACCES, EPERM: HTTPStatusError(.forbidden)
    default: error
    }
  }
}

extension HTTPRouter {
  /// Serves the files of a directory below a prefix.
  ///
  /// - Parameters:
  ///   - prefix: As of a group; empty for the root.
  ///   - files: The directory.
  public mutating func files(_ prefix: String, _ files: HTTPStaticFiles) {
    get("\(prefix)/**") { request in try await files.respond(to: request) }
  }
}
