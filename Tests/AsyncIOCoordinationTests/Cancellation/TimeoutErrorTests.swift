import AsyncIOCoordination
import Testing

struct TimeoutErrorTests {
  @Test func `it says how much time was given`() {
    #expect(TimeoutError(after: .seconds(5)).description == "timed out after 5.0 seconds")
    #expect(TimeoutError(after: .seconds(5)) != TimeoutError(after: .seconds(6)))
  }
}
