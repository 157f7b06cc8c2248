import AsyncIO

/// What the code of the guide asks for: pages that take a second each.
let urls = ["a", "b", "c"]

func fetch(_ url: String) async throws -> String {
  try await sleep(for: .seconds(1))
  return "page \(url)"
}

struct User: Codable, Equatable, Sendable {
  var name: String
}

func user(_ number: Int) async throws -> User {
  try await sleep(for: .seconds(1))
  return User(name: "user \(number)")
}

func posts(of number: Int) async throws -> [String] {
  try await sleep(for: .seconds(1))
  return ["post of \(number)"]
}

func slowOperation() async throws {
  try await sleep(for: .seconds(3600))
}

struct Unavailable: Error {}

/// How long `body` takes on the clock of the loop.
func duration(of body: () async throws -> Void) async throws -> Duration {
  let start = LoopClock.now
  try await body()
  return start.duration(to: LoopClock.now)
}
