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

  /// The program and its libraries, as they were when the first stack was looked at.
  ///
  /// Only then are they true: the toolchain's library maps the files that it reads symbols from, and would take those copies for
  /// the libraries themselves. So what is loaded later has no names.
  private static let images = ImageMap.capture()

  /// Cuts a stack off at what has run the job.
  ///
  /// - Parameter addresses: Where the thread is, then where each function returns to.
  /// - Returns: What is left, and the name of the outermost function in it.
  static func job(in addresses: [UInt]) -> (addresses: [UInt], place: String?) {
    let frames = symbolicated(addresses, [.useSymbolCache]).prefix { !isLoopsOwn($0.symbol) }
    return (Array(addresses.prefix(frames.count)), frames.last { !isHidden($0) }?.symbol?.name)
  }

  /// The functions at `addresses`, innermost first, without the wrappers that the compiler adds.
  ///
  /// - Complexity: Reads all tables of lines of the program for each address: a tenth of a second, where it is large.
  static func frames(at addresses: [UInt]) -> [BlockingReport.Frame] {
    symbolicated(addresses, .default).filter { !isHidden($0) }.map(frame)
  }

  private static func symbolicated(
    _ addresses: [UInt], _ options: Backtrace.SymbolicationOptions
  ) -> [SymbolicatedBacktrace.Frame] {
    let rich = addresses.enumerated().map { index, address -> RichFrame<UInt64> in
      index == 0 ? .programCounter(UInt64(address)) : .returnAddress(UInt64(address))
    }
    let backtrace = Backtrace(architecture: architecture, frames: rich, images: images)
    let frames = backtrace.symbolicated(with: images, options: options)?.frames ?? []
    return frames.filter { isFunction($0.captured) }
  }

  /// Whether a frame stands for an address: where it ends, the library marks a stack that it has not captured itself as cut off.
  private static func isFunction(_ frame: Backtrace.Frame) -> Bool {
    switch frame {
    case .omittedFrames, .truncated: false
    default: true
    }
  }

  private static func isHidden(_ frame: SymbolicatedBacktrace.Frame) -> Bool {
    frame.isSwiftThunk || frame.isSwiftRuntimeFailure
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
