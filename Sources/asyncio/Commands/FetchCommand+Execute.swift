import ArgumentParser
import AsyncIO
import AsyncIOHTTP
import Glibc
import HTTPTypes

extension FetchCommand {
  /// Fetches all URLs and says what became of each.
  func execute() throws {
    let urls = try urls + listedURLs()
    guard !urls.isEmpty || queue != nil else { throw fail("'\(input ?? "")' names no URLs") }
    if let timeline {
      do { try Destination.check(timeline) } catch { throw fail("the picture cannot be written: \(error)") }
    }
    if let output {
      do {
        try OutputFile.makeFolder(output)
      } catch {
        throw fail("the output folder cannot be made: \(error)")
      }
    }
    var settings = Fetcher.Settings()
    settings.limit = requests.limit
    settings.timeout = requests.timeout.duration
    settings.folder = output
    settings.printsJSON = json
    settings.retries = retries
    settings.limitPerHost = perHost
    settings.rate = rate
    settings.followsRedirects = !noFollow
    settings.method = try requestMethod()
    settings.fields = try connection.fields()
    settings.body = try body()
    settings.tls = try connection.tls()
    settings.proxies = try connection.proxies()
    settings.unixSocket = unixSocket
    if let journal {
      do {
        settings.journal = try FetchJournal(path: journal)
      } catch {
        throw fail("the journal cannot be used: \(error)")
      }
    }
    if let queue { return try share(urls, on: queue, settings) }
    let fetcher = Fetcher(urls, settings)
    let report = try onLoop { await fetcher.run() }
    if let timeline { try save(fetcher.timeline, to: timeline) }
    throw ExitCode(report.exitStatus)
  }

  /// Fetches a run with other processes, and says what became of all of it.
  private func share(_ urls: [String], on address: FetchQueueAddress, _ settings: Fetcher.Settings) throws {
    let (name, claim) = (runName ?? "fetch", claim?.duration ?? .seconds(15))
    let (fetcher, report, isOK) = try onLoop {
      let queue = try await openFetchQueue(address, name: name, claim: claim, retries: settings.retries)
      var settings = settings
      settings.queue = queue
      let fetcher = Fetcher(urls, settings)
      let report = await fetcher.run()
      let isOK = await Self.sayEnd(of: queue)
      await queue.close()
      return (fetcher, report, isOK)
    }
    if let timeline { try save(fetcher.timeline, to: timeline) }
    throw ExitCode(report.exitStatus != 0 ? report.exitStatus : isOK ? 0 : 1)
  }

  /// Says what became of a run, also after Ctrl-C.
  ///
  /// - Returns: Whether all went well.
  private static func sayEnd(of queue: any FetchQueue) async -> Bool {
    do {
      let summary = try await withShield {
        try await withTimeout(.seconds(5)) { try await queue.summary() }
      }
      let palette = Terminal(descriptor: 2).palette
      StandardStream.error.write(summary.lines(palette: palette).joined(separator: "\n") + "\n")
      return summary.isOK
    } catch {
      StandardStream.error.write("asyncio: what became of the run cannot be read: \(error)\n")
      return false
    }
  }

  private func save(_ picture: Timeline, to path: String) throws {
    do {
      try OutputFile.write(Array(TimelineSVG(picture).text.utf8), to: path)
    } catch {
      throw fail("the picture could not be written: \(error)")
    }
  }

  private func requestMethod() throws -> HTTPRequest.Method {
    guard let method else { return data == nil ? .get : .post }
    guard let known = HTTPRequest.Method(method) else { throw fail("'\(method)' is no method of HTTP") }
    return known
  }

  private func body() throws -> [UInt8] {
    guard let data else { return [] }
    guard data.hasPrefix("@") else { return Array(data.utf8) }
    do {
      return try OutputFile.readBytes(String(data.dropFirst()))
    } catch {
      throw fail("the body cannot be read: \(error)")
    }
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
