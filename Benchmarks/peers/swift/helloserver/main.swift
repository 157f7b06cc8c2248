// A server that says hello.  usage: helloserver PORT
import Hummingbird
import Logging

let port = CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 8080
let router = Router()
router.get("/hello") { _, _ in "Hello, world!" }
router.get("/users/:id") { _, context in "User \(try context.parameters.require("id"))" }
var logger = Logger(label: "helloserver")
logger.logLevel = .error
let application = Application(
  router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)), logger: logger)
try await application.runService()
