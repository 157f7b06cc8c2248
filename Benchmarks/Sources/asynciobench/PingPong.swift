/// Half a million rounds of a number sent there and back over two queues of one.
func pingPong() async throws {
  throw NotYet()
}
