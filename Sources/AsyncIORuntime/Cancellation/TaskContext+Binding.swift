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

  /// Makes this the innermost link of the current task, until `unbind`.
  package final func bind() {
    var value: TaskContext? = self
    // The runtime takes over the reference that is counted here; an optional reference is one pointer.
    _ = unsafe Unmanaged.passRetained(self)
    unsafe withUnsafeMutablePointer(to: &value) { pointer in
      unsafe casyncio_push_task_local(
        UnsafeRawPointer(bitPattern: Self.key), pointer, UnsafeRawPointer(bitPattern: Self.type))
    }
  }

  /// Ends the last `bind` of the current task.
  package final func unbind() { casyncio_pop_task_local() }
}
