import AsyncIOCoordination
import AsyncIOTesting
import Testing

@Suite struct ScopeMisuseTests {
  @Test func `a task that is created on a scope that has ended is a mistake`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await withTaskScope { $0 }.createTask(name: "late", fileID: "App/Main.swift", line: 12) {}
    }
    #expect(
      result.says(
        "task 'late' (App/Main.swift:12) was created on a task scope that has ended: "
          + "create it before the body and all tasks of the scope have ended"))
  }  // test_taskgroups: test_taskgroup_finished

  @Test func `so it is on one that was cancelled and has ended`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let scope = try await withTaskScope { scope in
        scope.cancel()
        return scope
      }
      scope.createTask {}
    }
    #expect(result.says("was created on a task scope that has ended"))
  }
}
