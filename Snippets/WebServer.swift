// Row 18 of the article: a small web service. Routes, JSON, a stream, files, an error, a limit of time; and an end in order.

import AsyncIO
import AsyncIOHTTP

struct Note: Codable {
  var id: Int
  var text: String
}

struct NewNote: Codable { var text: String }

/// One thread runs everything, but the compiler asks who guards what is shared: an actor.
actor Notes {
  private var notes: [Int: Note] = [:]

  func add(_ text: String) -> Note {
    let note = Note(id: notes.count + 1, text: text)
    notes[note.id] = note
    return note
  }

  func find(_ id: Int) -> Note? { notes[id] }
}

func makeRouter(_ notes: Notes, files: HTTPStaticFiles) -> HTTPRouter {
  var router = HTTPRouter()
  router.use(HTTPCompression())
  router.group("/notes") { group in
    group.post("") { request in
      try .json(await notes.add(request.json(NewNote.self).text), status: .created)
    }
    group.get("/:id") { request in
      let id = try request.parameters.require("id", as: Int.self)
      guard let note = await notes.find(id) else {
        throw HTTPStatusError(.notFound, "There is no note \(id).")
      }
      return try .json(note)
    }
  }
  router.get("/countdown") { _ in
    HTTPServerResponse { writer in
      for number in stride(from: 3, through: 1, by: -1) {
        try await writer.write("\(number)…\n")
        try await sleep(for: .milliseconds(50))
      }
    }
  }
  router.get("/slow") { _ in
    try await sleep(for: .seconds(60))
    return HTTPServerResponse(text: "Who has waited for this?\n")
  }
  router.files("/files", files)
  return router
}

try EventLoop.run {
  try await withTemporaryDirectory { folder in
    try await FileSystem.write("<h1>Hello</h1>\n", to: folder.appending("index.html"))
    var configuration = HTTPServer.Configuration()
    configuration.requestTimeout = .milliseconds(300)
    configuration.accessLog = { record in print("  log:", record.request, record.status.code) }
    let server = try HTTPServer(
      port: 0, configuration: configuration, router: makeRouter(Notes(), files: try HTTPStaticFiles(folder)))

    try await withTaskScope { scope in
      scope.createTask(name: "server") { try await server.serve() }
      try await withHTTPSession { session in
        let url = "http://\(server.localAddress)"
        let note = try await session.post("\(url)/notes", json: NewNote(text: "Buy milk")).json(Note.self)
        print("added:", note)
        print("found:", try await session.get("\(url)/notes/\(note.id)").json(Note.self))
        print("not found:", try await session.get("\(url)/notes/7").text)
        print("stream:", try await session.get("\(url)/countdown").text.split(separator: "\n"))
        print("file:", try await session.get("\(url)/files/").text)
        print("too slow:", try await session.get("\(url)/slow").status)
      }
      // No more connections, and answers that are under way are finished.
      await server.shutdown(grace: .seconds(5))
    }
  }
}
