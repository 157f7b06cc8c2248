// The names and places of code addresses, by the toolchain's own backtrace library.
//
// Everything that touches that library is in this file. Making a backtrace from addresses of another thread is not public there;
// the rest is.

@_spi(Internal) internal import Runtime

/// Names for the addresses of a stack.
enum StackSymbols {
  /// Functions that run a task's job: what called them is the loop's own business.
  private static let jobRunners: Set<String> = [
    "swift_job_run", "swift_job_run_on_task_executor", "swift_job_run_on_serial_and_task_executor",
  ]

  #if arch(x86_64)
    private static let architecture = "x86_64"
  #elseif arch(arm64)
    private static let architecture = "arm64"
  #else
    private static let architecture = "unknown"
  #endif

  /// The functions at `addresses`, innermost first, up to what has run the job.
  ///
  /// - Parameter addresses: Where the thread is, then where each function returns to.
  /// - Returns: What is known of each, without the wrappers that the compiler adds.
  static func frames(at addresses: [UInt]) -> [BlockingReport.Frame] {
    let rich = addresses.enumerated().map { index, address -> RichFrame<UInt64> in
      index == 0 ? .programCounter(UInt64(address)) : .returnAddress(UInt64(address))
    }
    let images = ImageMap.capture()
    let backtrace = Backtrace(architecture: architecture, frames: rich, images: images)
    guard let symbolicated = backtrace.symbolicated(with: images) else { return [] }
    let job = symbolicated.frames.prefix { !isLoopsOwn($0.symbol) }
    return job.filter { !$0.isSwiftThunk && !$0.isSwiftRuntimeFailure }.map(frame)
  }

  private static func isLoopsOwn(_ symbol: SymbolicatedBacktrace.Symbol?) -> Bool {
    guard let symbol else { return false }
    // Of the job runners only one is exported; the others are inlined into it, or called by it.
    return jobRunners.contains(symbol.rawName)
      || symbol.rawName.contains("runJobInEstablishedExecutorContext")
      || symbol.rawName.hasPrefix("$s14AsyncIORuntime12LoopCallbackC3run")
  }

  private static func frame(_ frame: SymbolicatedBacktrace.Frame) -> BlockingReport.Frame {
    guard let symbol = frame.symbol else {
      let address = "\(frame.captured.adjustedProgramCounter)"
      return BlockingReport.Frame(function: address, image: "an unknown image")
    }
    let place = symbol.sourceLocation
    return BlockingReport.Frame(
      function: symbol.name, file: place?.path, line: place?.line, image: symbol.imageName)
  }
}
