import AsyncIONetwork
import AsyncIORuntime
import Testing

struct SocketAddressTests {
  @Test(arguments: [
    ("127.0.0.1", 80, "127.0.0.1:80"), ("0.0.0.0", 0, "0.0.0.0:0"),
    ("255.255.255.255", 65_535, "255.255.255.255:65535"),
    ("::1", 80, "[::1]:80"), ("::", 0, "[::]:0"), ("2001:DB8:0:0::1", 443, "[2001:db8::1]:443"),
    ("::ffff:10.0.0.1", 1, "[::ffff:10.0.0.1]:1"),
  ])
  func `a numeric address and a port make an address`(_ ip: String, _ port: Int, _ text: String) throws {
    let address = try SocketAddress(ip: ip, port: port)
    #expect(address.description == text)
    #expect(address.port == port)
    #expect(try SocketAddress(ip: address.ip, port: port) == address)
    #expect(try SocketAddress(ip: address.ip, port: port).hashValue == address.hashValue)
  }

  @Test(arguments: [
    "", " ", "localhost", "127.0.0.1 ", " 127.0.0.1", "127.1", "256.0.0.1", "1.2.3.4.5", "01.2.3.4",
    "0x7f.0.0.1", "[::1]",
    "::1::", ":::", "1:2:3:4:5:6:7:8:9", "12345::", "127.0.0.1:80", "fe80::1%lo", "127.0.0.1\0",
    "127.0.0.1\0.example.org",
    "::1\0x",
  ])
  func `anything else is refused, and named`(_ ip: String) {
    let error = #expect(throws: IOError.self) { try SocketAddress(ip: ip, port: 80) }
    #expect(error?.code == .invalid)
    #expect(error?.description == "address '\(ip)' is neither an IPv4 nor an IPv6 address")
  }

  @Test(arguments: [-1, 65_536, .max, .min]) func `a port is 0 to 65535`(_ port: Int) {
    let error = #expect(throws: IOError.self) { try SocketAddress(ip: "127.0.0.1", port: port) }
    #expect(error?.code == .invalid)
    #expect(error?.description == "address 127.0.0.1: port \(port) is not within 0 to 65535")
  }

  @Test func `addresses are equal when both the number and the port are`() throws {
    let address = try SocketAddress(ip: "127.0.0.1", port: 80)
    #expect(try address != SocketAddress(ip: "127.0.0.1", port: 81))
    #expect(try address != SocketAddress(ip: "127.0.0.2", port: 80))
    #expect(try address != SocketAddress(ip: "::ffff:127.0.0.1", port: 80))
  }
}
