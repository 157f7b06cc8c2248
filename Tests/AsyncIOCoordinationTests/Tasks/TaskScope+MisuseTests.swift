import AsyncIOCoordination
import AsyncIOTesting
import Testing

@Suite struct ScopeMisuseTests {
  @Test func `a task that is created on a scope that has ended is a mistake`() async {
    await #expect(processExitsWith: .failure) {
      try await withTaskScope { $0 }.createTask {}
    }
  }  // test_taskgroups: test_taskgroup_finished
}
