// AsyncHTTPClient.  usage: swifthttpbench http CONCURRENCY REQUESTS
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOPosix

actor Counter { var n: Int; init(_ n: Int) { self.n = n }; func take() -> Bool { n -= 1; return n >= 0 } }
func http(_ conc: Int, _ n: Int) async throws {
  var cfg = HTTPClient.Configuration()
  cfg.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = conc
  let client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: cfg),
    left = Counter(n)
  let t = ContinuousClock.now
  let ok = try await withThrowingTaskGroup(of: Int.self) { g in
    for _ in 0..<conc {
      g.addTask {
        var ok = 0
        while await left.take() {
          let r = try await client.execute(
            HTTPClientRequest(url: "http://127.0.0.1:18080/hello"), timeout: .seconds(60))
          if r.status == .ok, try await r.body.collect(upTo: 1 << 20).readableBytes == 100 { ok += 1 }
        }
        return ok
      }
    }
    var s = 0
    for try await v in g { s += v }
    return s
  }
  let s = (ContinuousClock.now - t) / .seconds(1)
  print("http-ahc-c\(conc)", n, String(format: "%.4f", s), Int(Double(n) / s))
  precondition(ok == n)
  try await client.shutdown()
}

let a = CommandLine.arguments
guard a.count == 4, a[1] == "http", let conc = Int(a[2]), let n = Int(a[3]) else {
  FileHandle.standardError.write(Data("unknown workload\n".utf8))
  exit(64)
}
try await http(conc, n)
