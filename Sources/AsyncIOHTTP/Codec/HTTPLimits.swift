/// How much of a peer's message is read before it is refused.
///
/// Every limit guards memory or time against a peer that never stops. Each breach has a code of its own, for
/// instance ``HTTPCodecError/Code/tooManyFields``.
///
/// ```swift
/// var limits = HTTPLimits()
/// limits.head = 256 * 1024      // for a site with very long cookies
/// ```
public struct HTTPLimits: Hashable, Sendable {
  /// The longest request line or status line, in bytes without its line end.
  public var startLine = 8 * 1024
  /// The longest field line, in bytes without its line end; it holds for trailers too.
  public var fieldLine = 8 * 1024
  /// The longest head, in bytes with all its line ends.
  public var head = 64 * 1024
  /// The largest number of field lines in a head.
  public var fieldCount = 100
  /// The longest line with a chunk's size, in bytes with its line end.
  public var chunkLine = 1024
  /// The most bytes that the chunk extensions of one body may take together.
  ///
  /// Extensions are read and ignored; without this limit a peer could send a body of a few bytes for
  /// gigabytes of extensions.
  public var chunkExtensions = 16 * 1024
  /// The longest trailer section, in bytes with all its line ends.
  public var trailers = 16 * 1024
  /// The largest number of field lines in a trailer section.
  public var trailerCount = 32

  /// Creates the default limits.
  public init() {}
}
