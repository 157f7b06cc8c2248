// Suspending a task without resuming it through a continuation: an async function for Swift, written in C.
//
// `casyncio_park` suspends its task, and then hands the task's job to `asyncio_parked`, inside of the call. When the job is run it
// returns to its caller. See Parking.swift for what that is for, and for who may call it.

#include "CAsyncIO.h"

#include <stdint.h>

#define SWIFT_CALL __attribute__((swiftcall))
#define SWIFT_ASYNC __attribute__((swiftasynccall))
#define ASYNC_CONTEXT __attribute__((swift_async_context))

// The frame of a continuation, as compiled programs lay it out for each `withUnsafeContinuation`. It begins like every async
// frame: the caller's, and where it goes on.
struct continuation {
  struct continuation *parent;
  SWIFT_ASYNC void (*resume)(ASYNC_CONTEXT struct continuation *frame);
  uintptr_t flags;
  uintptr_t state;
  void *error;
  void *result;
  uintptr_t executor[2];
};

_Static_assert(sizeof(struct continuation) == 8 * sizeof(uintptr_t), "as said below");

// How the runtime begins a continuation, an entry point that compiled programs call. Awaited from the beginning, it suspends the
// current task, which goes on in the frame when its job is run. The executor is for who resumes it, which nobody does.
SWIFT_CALL extern void *swift_continuation_init(struct continuation *frame, uintptr_t flags);
enum { HAS_EXECUTOR = 1 << 1, IS_AWAITED = 1 << 2 };

extern void asyncio_parked(void *job);

// The caller passes the actor that it is isolated to, two words. A sanitizer's note of the function's end would come when the task
// runs elsewhere.
__attribute__((disable_sanitizer_instrumentation)) SWIFT_ASYNC void casyncio_park(
    ASYNC_CONTEXT struct continuation *frame, uintptr_t actor, uintptr_t conformance, uintptr_t unused) {
  (void)actor;
  (void)conformance;
  (void)unused;
  // Who returns hands over its own frame; the caller finds its frame from there. The job is the task.
  asyncio_parked(swift_continuation_init(frame, HAS_EXECUTOR | IS_AWAITED));
}

// What a caller in Swift needs of an async function: where it is, relative to here, and how large its frame is.
__asm__(
    ".section .rodata\n"
    ".p2align 3\n"
    ".globl casyncio_parkTu\n"
    ".hidden casyncio_parkTu\n"
    "casyncio_parkTu:\n"
    ".long casyncio_park - casyncio_parkTu\n"
    ".long 64\n"
    ".previous\n");
