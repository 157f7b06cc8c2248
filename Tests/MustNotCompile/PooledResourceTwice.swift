import AsyncIO

func program(_ pool: ResourcePool<Int>) async throws {
  // error: 'pooled' consumed more than once
  let pooled = try await pool.acquire()
  pooled.release()
  #if MISTAKE
    pooled.release()
  #endif
}
