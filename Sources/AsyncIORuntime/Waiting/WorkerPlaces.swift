// The places of tasks that are all cancelled together.
//
// There may be a million of them, most of which never wait, or not by our means. So a worker has itself remembered with the
// places of all, and gets its own when it waits for the first time. It is kept until the last worker has ended, as its task
// finds it by its number alone.
//
// Whoever cancels the workers does so before it tells their places: one that gets its place afterwards finds itself cancelled.

internal import CAsyncIO
import Synchronization

/// Where the workers of one pool wait.
@usableFromInline
package final class WorkerPlaces: WaitingPlace, @unchecked Sendable {
  // Sendable: behind the mutex.
  private let places = Mutex<[WaitingPlace]>([])

  /// Says that the current task is cancelled by whoever tells these places, and in no other way, to its end.
  package func enter() {
    guard let core = unsafe LoopCore.current else { return }
    unsafe core.pointee.placed = PlacedTask(task: casyncio_task_number(casyncio_current_task()), place: self)
  }

  override func makeOwn() -> WaitingPlace {
    let place = WaitingPlace()
    place.bindPlace()
    places.withLock { $0.append(place) }
    return place
  }

  /// Ends the waits of the workers, which have been cancelled just now.
  package func tellAll() {
    for place in places.withLock({ $0 }) { place.tell() }
  }
}
