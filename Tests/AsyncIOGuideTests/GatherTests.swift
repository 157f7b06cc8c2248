import AsyncIO
import AsyncIOTesting
import Testing

/// The code of the guide's page on `gather`.
@Suite struct GatherTests {
  @Test(.virtualTime) func `one after another, and at once`() async throws {
    let slow = try await duration {
      var pages: [String] = []
      for url in urls { pages.append(try await fetch(url)) }
      #expect(pages.count == 3)
    }
    let quick = try await duration {
      let pages = try await gather(urls) { try await fetch($0) }
      #expect(pages == ["page a", "page b", "page c"])
    }
    #expect(slow == .seconds(3))
    #expect(quick == .seconds(1))
  }

  @Test(.virtualTime) func `three ways to gather`() async throws {
    let pages = try await gather(urls, limit: 10) { try await fetch($0) }
    let (ada, entries) = try await gather({ try await user(1) }, { try await posts(of: 1) })
    let results = try await gatherResults(urls) { try await fetch($0) }
    #expect(pages.count == 3)
    #expect(ada.name == "user 1")
    #expect(entries == ["post of 1"])
    #expect(results.count == 3)
  }

  @Test(.virtualTime) func `errors as values`() async throws {
    var failures = 0
    let results = try await gatherResults([1, 2, 3]) { number in
      guard number != 2 else { throw Unavailable() }
      return number
    }
    for result in results {
      switch result {
      case .success(let number): print(number)
      case .failure(let error):
        failures += 1
        print("failed:", error)
      }
    }
    #expect(failures == 1)
  }

  @Test(.virtualTime) func `the first error ends the others`() async throws {
    await #expect(throws: Unavailable.self) {
      try await gather([1, 2, 3]) { number in
        if number == 1 { throw Unavailable() }
        try await slowOperation()  // cancelled, and awaited
      }
    }
  }

  @Test(.virtualTime) func `its relatives`() async throws {
    let replicas = ["near", "far"]
    let answer = try await race(replicas, until: .firstSuccess) { try await fetch($0) }
    #expect(answer == "page near")

    let winner = try await staggeredRace(replicas, delay: .milliseconds(250)) { try await fetch($0) }
    #expect(winner.value == "page near")

    var count = 0
    for try await page in urls.concurrentMap(limit: 10, { try await fetch($0) }) {
      count += page.count
    }
    #expect(count == 18)

    let tasks = urls.map { url in createTask { try await fetch(url) } }
    let (done, pending) = try await wait(for: tasks, until: .firstCompleted, timeout: .seconds(5))
    #expect(done.count + pending.count == 3)
  }
}
