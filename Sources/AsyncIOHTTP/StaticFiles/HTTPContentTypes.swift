import AsyncIOSystem

extension HTTPStaticFiles {
  /// What a file of this name is said to be.
  func contentType(of path: FilePath) -> String {
    guard let end = path.extension?.lowercased() else { return "application/octet-stream" }
    return options.contentTypes[end] ?? Self.contentTypes[end] ?? "application/octet-stream"
  }

  /// What the web is made of (the registry of IANA, and the habits of nginx and Go).
  private static let contentTypes: [String: String] = [
    "7z": "application/x-7z-compressed", "aac": "audio/aac", "apng": "image/apng",
    "atom": "application/atom+xml",
    "avi": "video/x-msvideo", "avif": "image/avif", "bmp": "image/bmp", "bz2": "application/x-bzip2",
    "css": "text/css; charset=utf-8", "csv": "text/csv; charset=utf-8",
    "deb": "application/vnd.debian.binary-package",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "epub": "application/epub+zip",
    "flac": "audio/flac", "gif": "image/gif", "gz": "application/gzip", "htm": "text/html; charset=utf-8",
    "html": "text/html; charset=utf-8", "ico": "image/x-icon", "ics": "text/calendar; charset=utf-8",
    "jar": "application/java-archive", "jpeg": "image/jpeg", "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json", "jsonld": "application/ld+json", "log": "text/plain; charset=utf-8",
    "m4a": "audio/mp4", "m4v": "video/mp4", "map": "application/json", "md": "text/markdown; charset=utf-8",
    "mid": "audio/midi", "mjs": "text/javascript; charset=utf-8", "mkv": "video/x-matroska",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg", "mp4": "video/mp4", "mpeg": "video/mpeg",
    "odt": "application/vnd.oasis.opendocument.text",
    "oga": "audio/ogg", "ogg": "audio/ogg", "ogv": "video/ogg", "opus": "audio/ogg", "otf": "font/otf",
    "pdf": "application/pdf", "png": "image/png",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "ps": "application/postscript",
    "rss": "application/rss+xml", "rtf": "application/rtf", "svg": "image/svg+xml",
    "swift": "text/plain; charset=utf-8",
    "tar": "application/x-tar", "tgz": "application/gzip", "tif": "image/tiff", "tiff": "image/tiff",
    "toml": "application/toml", "ttf": "font/ttf", "txt": "text/plain; charset=utf-8",
    "wasm": "application/wasm",
    "wav": "audio/wav", "weba": "audio/webm", "webm": "video/webm",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp", "woff": "font/woff", "woff2": "font/woff2", "xhtml": "application/xhtml+xml",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "text/xml; charset=utf-8",
    "yaml": "application/yaml", "yml": "application/yaml", "zip": "application/zip",
    "zst": "application/zstd",
  ]
}
