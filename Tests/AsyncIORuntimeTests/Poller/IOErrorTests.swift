import Glibc
import Testing

@testable import AsyncIORuntime

struct IOErrorTests {
  @Test func `it says what failed and why`() {
    #expect(
      IOError(.system, errno: ECONNREFUSED, operation: "connect", detail: "127.0.0.1:81").description
        == "connect 127.0.0.1:81: Connection refused")
    #expect(IOError(.closed, operation: "read").description == "read: the descriptor is closed")
    #expect(IOError(.busy, operation: "read").description == "read: another task already waits for it")
    #expect(
      IOError(.unresolved, operation: "resolve", detail: "nowhere").description
        == "resolve nowhere")
    #expect(
      IOError(.system, operation: "connect", detail: "a:1: connect 127.0.0.1:1: Connection refused")
        .description
        == "connect a:1: connect 127.0.0.1:1: Connection refused", "the detail has said it all")
    #expect(IOError(.system, operation: "connect").description == "connect: system")
  }

  @Test func `a number that the system does not know has a text too`() {
    #expect(!IOError.message(9999).isEmpty)
  }
}
