// Binding a task's chain without `TaskLocal.withValue`, by its two entry points of the runtime, which compiled programs call too,
// as that function is inlined into them. Its frames, and the copy that a task makes of what was bound around the call that made
// it, would be a quarter of the cost of a timeout.
//
// What the caller owes is what that function sees to: both calls are in one task, around a call that returns in between, and
// nothing that the task has allocated meanwhile is left.

internal import CAsyncIO

extension TaskContext {
  private static let key = unsafe UInt(bitPattern: Unmanaged.passRetained($current).toOpaque())
  // A metatype without a static type is a pointer to the type's metadata.
  private static let type = unsafe unsafeBitCast(TaskContext?.self as any Any.Type, to: UInt.self)

  /// `current` without counting a reference; the task has it as long as it is bound.
  @inline(__always)
  static var innermost: Unmanaged<TaskContext>? {
    guard let value = unsafe casyncio_get_task_local(UnsafeRawPointer(bitPattern: key)),
      // An optional reference is one pointer.
      let address = unsafe value.load(as: UnsafeMutableRawPointer?.self)
    else { return nil }
    return unsafe .fromOpaque(address)
  }

  /// `current`, at a third of the cost.
  static var currentLink: TaskContext? { unsafe innermost?.takeUnretainedValue() }

  /// Makes this the innermost link of the current task, which is cancelled through it alone, until `unbind`.
  package final func bind() {
    bindPlace()
    var value: TaskContext? = self
    // The runtime takes over the reference that is counted here; an optional reference is one pointer.
    _ = unsafe Unmanaged.passRetained(self)
    unsafe withUnsafeMutablePointer(to: &value) { pointer in
      unsafe casyncio_push_task_local(
        UnsafeRawPointer(bitPattern: Self.key), pointer, UnsafeRawPointer(bitPattern: Self.type))
    }
  }

  /// Ends the last `bind` of the current task.
  package final func unbind() {
    casyncio_pop_task_local()
    unbindPlace()
  }
}
