// The test runner's `main` is not ours, so the executors are set before it, by a constructor of the C target.

internal import AsyncIORuntime
internal import CAsyncIOTesting

/// Keeps tasks on the loop on whose thread they are made.
enum Router {
  /// Whether the constructor has run, and has put our executors under the language.
  static var isInstalled: Bool { casynciotesting_was_loaded() && InstalledExecutors.isInstalled }
}

/// Called once, before `main`.
@c(asynciotesting_install_router)
public func installRouterBeforeMain() {
  InstalledExecutors.installRouter()
}
