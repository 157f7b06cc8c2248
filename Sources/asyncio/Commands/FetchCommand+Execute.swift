import ArgumentParser
import AsyncIO
import Glibc

extension FetchCommand {
  /// Fetches all URLs and says what became of each.
  func execute() throws {
    let urls = try urls + listedURLs()
    guard !urls.isEmpty else { throw fail("'\(input ?? "")' names no URLs") }
    if let output {
      do {
        try OutputFile.makeFolder(output)
      } catch {
        throw fail("the output folder cannot be made: \(error)")
      }
    }
    var settings = Fetcher.Settings()
    settings.limit = limit
    settings.timeout = timeout.duration
    settings.folder = output
    settings.printsJSON = json
    let fetcher = Fetcher(urls, settings)
    let report = try onLoop { await fetcher.run() }
    throw ExitCode(report.exitStatus)
  }

  private func listedURLs() throws -> [String] {
    guard let input else { return [] }
    do {
      return try URLList(parsing: OutputFile.read(input)).urls
    } catch {
      StandardStream.error.write("asyncio: the list of URLs cannot be read: \(error)\n")
      throw ExitCode(EX_NOINPUT)
    }
  }
}
