import AsyncIORuntime

/// Who makes generators: what their producers are called.
@usableFromInline
struct GeneratorSource: Sendable {
  let name: String
  let fileID: StaticString
  let line: UInt

  @usableFromInline
  init(name: String?, fileID: StaticString, line: UInt) {
    self.name = name ?? "generator"
    self.fileID = fileID
    self.line = line
  }

  func makeRecord(_ parent: TaskContext) -> TaskRecord {
    TaskRecord(name: name, fileID: fileID, line: line, loop: .orDefault, parent: parent, endsLast: true)
  }
}
