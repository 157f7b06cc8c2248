#if HTTP
  import AsyncHTTPClient
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
    report("http-ahc-c\(conc)", n, t)
    precondition(ok == n)
    try await client.shutdown()
  }
#endif
