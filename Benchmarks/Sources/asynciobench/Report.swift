import Glibc

/// Prints the one line that `compare` reads: `workload N seconds rate [key=value …]`.
func report(
  _ workload: Workload, count: Int, since start: ContinuousClock.Instant, extra: String = ""
) {
  report(workload, count: count, in: ContinuousClock.now - start, extra: extra)
}

/// The same for a time that was taken before.
func report(_ workload: Workload, count: Int, in time: Duration, extra: String = "") {
  let elapsed = time / Duration.seconds(1)
  print(workload.rawValue, count, fixed(elapsed, places: 4), Int(Double(count) / elapsed), extra)
}

/// The process's greatest resident memory and its processor time so far, as `report` wants them.
func resources() -> String {
  var usage = rusage()
  unsafe getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
  let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
  let microseconds = usage.ru_utime.tv_usec + usage.ru_stime.tv_usec
  let processor = Double(seconds) + Double(microseconds) / 1e6
  return "rss_mib=\(usage.ru_maxrss / 1024) cpu=\(fixed(processor, places: 2))"
}

/// A number that is not negative, in decimals.
///
/// Foundation could do it, and would weigh on the memory that is measured.
private func fixed(_ value: Double, places: Int) -> String {
  let scale = (0..<places).reduce(1) { scale, _ in scale * 10 }
  let scaled = Int((value * Double(scale)).rounded())
  return "\(scaled / scale).\(String(scaled % scale + scale).dropFirst())"
}
