// Suspending a task by a switch to an executor: an async function for Swift, written in C.
//
// `casyncio_park` suspends its task and hands the task's job to the parking executor, inside of the call. When the job is run
// it returns to its caller. See Parking.swift for what that is for, and for who may call it.

#include "CAsyncIO.h"

#include <stdint.h>

#define SWIFT_ASYNC __attribute__((swiftasynccall))
#define ASYNC_CONTEXT __attribute__((swift_async_context))

// The beginning of every async frame: the caller's, and where it goes on.
struct async_context {
  struct async_context *parent;
  SWIFT_ASYNC void (*resume)(ASYNC_CONTEXT struct async_context *context);
};

// One of the entry points that compiled Swift calls at each `await`: where to go on, and the two words of the executor. It is
// declared with words alone, like the caller, since a jump in place of a call needs parameters of the same types.
SWIFT_ASYNC extern void swift_task_switch(
    ASYNC_CONTEXT struct async_context *context, uintptr_t resume, uintptr_t executor, uintptr_t witnesses);

static uintptr_t executor[2];

void casyncio_set_parking_executor(uintptr_t identity, uintptr_t witnesses) {
  executor[0] = identity;
  executor[1] = witnesses;
}

// The caller passes the actor that it is isolated to, two words. A sanitizer's note of the function's end would come between
// the call and the return.
__attribute__((disable_sanitizer_instrumentation)) SWIFT_ASYNC void casyncio_park(
    ASYNC_CONTEXT struct async_context *context, uintptr_t actor, uintptr_t conformance, uintptr_t unused) {
  (void)actor;
  (void)conformance;
  (void)unused;
  // Who returns hands over its own frame; the caller finds its frame from there.
  __attribute__((musttail)) return swift_task_switch(
      context, (uintptr_t)context->resume, executor[0], executor[1]);
}

// What a caller in Swift needs of an async function: where it is, relative to here, and how large its frame is.
__asm__(
    ".section .rodata\n"
    ".p2align 3\n"
    ".globl casyncio_parkTu\n"
    ".hidden casyncio_parkTu\n"
    "casyncio_parkTu:\n"
    ".long casyncio_park - casyncio_parkTu\n"
    ".long 16\n"
    ".previous\n");
