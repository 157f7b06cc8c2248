import Glibc

/// What the system knows about a file.
public struct FileInfo: Sendable, Equatable {
  /// What it is.
  public let kind: FileKind
  /// Its length in bytes.
  public let size: Int
  /// Who may do what, such as `0o644`.
  public let permissions: UInt32
  /// The number of its owner.
  public let owner: UInt32
  /// The number of its group.
  public let group: UInt32
  /// When its content was last changed, since the beginning of 1970 (UTC).
  public let modified: Duration
  /// How many names it has.
  public let links: Int
  /// Which file it is, on its device.
  public let inode: UInt64
  /// The number of the device that it is on.
  public let device: UInt64

  init(_ status: stat) {
    kind = FileKind(mode: status.st_mode)
    size = Int(status.st_size)
    permissions = status.st_mode & 0o7777
    owner = status.st_uid
    group = status.st_gid
    modified = .seconds(status.st_mtim.tv_sec) + .nanoseconds(status.st_mtim.tv_nsec)
    links = Int(status.st_nlink)
    inode = UInt64(status.st_ino)
    device = UInt64(status.st_dev)
  }
}

/// What a name in a directory stands for.
public enum FileKind: Sendable, Hashable {
  /// A regular file.
  case file
  /// A directory.
  case directory
  /// A name for another path.
  case symbolicLink
  /// A pipe, a socket, a device.
  case other

  init(mode: UInt32) {
    switch mode & S_IFMT {
    case S_IFREG: self = .file
    case S_IFDIR: self = .directory
    case S_IFLNK: self = .symbolicLink
    default: self = .other
    }
  }
}
