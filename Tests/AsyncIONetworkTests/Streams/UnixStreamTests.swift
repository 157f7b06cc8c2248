import AsyncIONetwork
import AsyncIORuntime
import AsyncIOTesting
import Glibc
import Testing

@Suite(.realTime, .closesDescriptors) struct UnixStreamTests {
  private let name = "swift-asyncio-\(getpid())-\(UInt64.random(in: 0 ... .max))"

  @Test func `over a path and over an abstract name`() async throws {
    for address in [UnixAddress.path("/tmp/\(name)"), .abstract(name)] {
      let listener = try UnixListener(address)
      defer { listener.close() }
      #expect(listener.localAddress == address)
      let client = try await UnixStream.connect(to: address)
      let server = try await listener.accept()
      #expect(try client.remoteAddress == address)
      #expect(try client.localAddress == .unnamed)
      #expect(client.description == "UnixStream(unnamed → \(address))")
      try await client.write("hello")
      #expect(try await server.read(atMost: 10) == Array("hello".utf8))
      client.close()
      #expect(client.description == "UnixStream(closed)")
      #expect(try await server.read(atMost: 10).isEmpty)
    }
  }

  @Test func `it knows who is at the other end`() async throws {
    let (one, _) = try UnixStream.pair()
    let peer = try one.peerCredentials
    #expect(peer.processID == getpid())
    #expect(peer.userID == getuid())
    #expect(peer.groupID == getgid())
  }

  @Test func `open descriptors are passed on, with their bytes`() async throws {
    let (one, other) = try UnixStream.pair()
    var pair: [CInt] = [-1, -1]
    #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
    let reader = try UnixStream(adopting: pair[0])
    try await one.write(Array("two".utf8), passing: [pair[1], pair[1]])
    close(pair[1])
    try await one.write("and none")
    let first = try await other.read(atMost: 100, maximumDescriptors: 4)
    #expect(first.bytes == Array("two".utf8))
    #expect(first.descriptors.count == 2)
    let second = try await other.read(atMost: 100, maximumDescriptors: 4)
    #expect(second.bytes == Array("and none".utf8))
    #expect(second.descriptors.isEmpty)
    for number in first.descriptors {
      #expect(fcntl(number, F_GETFD) & FD_CLOEXEC != 0)
      let copy = try UnixStream(adopting: number)
      try await copy.write([7])
      #expect(try await reader.read(atMost: 10) == [7])
    }
    one.close()
    let end = try await other.read(atMost: 100, maximumDescriptors: 4)
    #expect(end.bytes.isEmpty && end.descriptors.isEmpty)
  }

  @Test func `more descriptors than wanted are refused, and none is left open`() async throws {
    let (one, other) = try UnixStream.pair()
    var pair: [CInt] = [-1, -1]
    #expect(unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0)
    let kept = try UnixStream(adopting: pair[0])
    try await one.write([1], passing: [pair[1], pair[1], pair[1]])
    let error = await #expect(throws: IOError.self) {
      try await other.read(atMost: 100, maximumDescriptors: 2)
    }
    #expect(error?.errno == EMSGSIZE)
    // All copies are gone: the end comes as soon as the original is closed.
    close(pair[1])
    #expect(try await kept.read(atMost: 1).isEmpty)
  }

  @Test func `a name that the system cannot have is refused`() async throws {
    for address in [
      UnixAddress.path(""), .abstract(""), .path(String(repeating: "a", count: 108)), .path("a\0b"),
      .abstract(String(repeating: "a", count: 108)),
    ] {
      let error = await #expect(throws: IOError.self) { try await UnixStream.connect(to: address) }
      #expect(error?.code == .invalid)
    }
    let longest = String(repeating: "a", count: 107)
    let listener = try UnixListener(.abstract(longest))
    _ = try await UnixStream.connect(to: .abstract(longest))
    listener.close()
  }

  @Test func `where nobody listens, the error names the place`() async throws {
    let error = await #expect(throws: IOError.self) { try await UnixStream.connect(path: "/tmp/\(name)") }
    #expect(error?.errno == ENOENT)
    #expect(error?.description == "connect /tmp/\(name): No such file or directory")
  }

  @Test func `a full queue is waited for, and the wait can be cancelled`() async throws {
    let listener = try UnixListener(.abstract(name), backlog: 1)
    var waiting = [try await UnixStream.connect(to: .abstract(name))]
    let tasks = (0..<4).map { _ in Task { [name] in try await UnixStream.connect(to: .abstract(name)) } }
    try await sleep(for: .milliseconds(20))
    tasks[3].cancel()
    await #expect(throws: CancellationError.self) { try await tasks[3].value }
    for _ in 0..<4 { waiting.append(try await listener.accept()) }
    for task in tasks[..<3] { _ = try await task.value }
  }
}

@Suite(.realTime, .closesDescriptors) struct UnixListenerTests {
  private let path = "/tmp/swift-asyncio-\(getpid())-\(UInt64.random(in: 0 ... .max))"

  private var exists: Bool { unsafe access(path, F_OK) == 0 }

  @Test func `its file goes with it`() throws {
    let listener = try UnixListener(path: path)
    #expect(exists)
    listener.close()
    #expect(!exists)
    listener.close()
    do { _ = try UnixListener(path: path) }
    #expect(!exists)
  }

  @Test func `a file of somebody else's is left alone`() throws {
    let listener = try UnixListener(path: path)
    unsafe unlink(path)
    let other = try UnixListener(path: path)
    listener.close()
    #expect(exists)
    other.close()
    #expect(!exists)
  }

  @Test func `a socket that a process has left is replaced, one in use and a file are not`() async throws {
    let left = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: Array(path.utf8)) }
    let bound = unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(left, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    #expect(bound == 0)
    close(left)
    let listener = try UnixListener(path: path)
    let inUse = #expect(throws: IOError.self) { try UnixListener(path: path) }
    #expect(inUse?.errno == EADDRINUSE)
    listener.close()

    close(unsafe open(path, O_CREAT | O_WRONLY, 0o600))
    let file = #expect(throws: IOError.self) { try UnixListener(path: path) }
    #expect(file?.errno == EADDRINUSE)
    #expect(exists)
    unsafe unlink(path)
  }

  @Test func `it serves as TCP does`() async throws {
    let listener = try UnixListener(path: path)
    let serving = Task { try await listener.serve(limit: 2) { try await $0.echo() } }
    let clients = [try await UnixStream.connect(path: path), try await UnixStream.connect(path: path)]
    for client in clients {
      try await client.write([1, 2])
      #expect(try await client.read(atMost: 10) == [1, 2])
    }
    await listener.shutdown(grace: .zero)
    try await serving.value
    for client in clients { #expect(try await client.read(atMost: 10).isEmpty) }
    #expect(!exists)
  }
}
