// Row 17 of what asyncio is used for: files, where Python needs aiofiles.

import AsyncIO

@main struct Files {
  static func main() throws {
    try EventLoop.run {
      try await withTemporaryDirectory { directory in
        let names = (1...100).map { "note-\($0).txt" }
        _ = try await gather(names, limit: 10) { name in
          try await FileSystem.write("first line of \(name)\nsecond\n", to: directory.appending(name))
        }

        let texts = try await gather(try await FileSystem.list(directory)) {
          try await FileSystem.readText($0.path)
        }
        print("\(texts.count) files read at once, the first begins: \(texts[0].prefix(10))")

        try await withFile(directory.appending("note-1.txt")) { file in
          for try await line in file.lines { print(line) }
        }

        // Whoever reads it meanwhile sees the old text or the new one.
        try await FileSystem.replace(directory.appending("note-1.txt"), with: Array("new\n".utf8))

        let changes = try await FileSystem.watch(directory)
        try await FileSystem.remove(directory.appending("note-2.txt"))
        for try await change in changes {
          print("\(change.path.lastComponent?.string ?? ""): \(change.kind)")
          break
        }
      }
    }
  }
}
