// What the thread sanitizer does not see of a continuation; nothing in other builds.
//
// A continuation that is resumed before its task has suspended lets the task go on at once, on its own thread. The
// language's runtime tells the sanitizer that the resume happens first (it releases the task's address), but on this path
// it forgets to say that the task has seen it: then the sanitizer reports whatever the resumer has touched. Here the wait is
// put in front of the runtime's own, so that a task that goes on at once acquires its address first.
//
// The path is taken inside the wait, on its thread, by calling the function that the context resumes. That is replaced for
// as long as the wait takes; a task that does suspend is resumed by a copy that it made before. A context that must switch
// its executor is left alone, as it may go on elsewhere.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
__attribute__((swiftcall)) extern void *swift_task_getCurrent(void);

#define SWIFT_ASYNC __attribute__((swiftasynccall))
#define UNSEEN __attribute__((no_sanitize("thread")))

struct continuation_context;
typedef SWIFT_ASYNC void resume_function(__attribute__((swift_async_context)) struct continuation_context *context);
typedef SWIFT_ASYNC void await_function(struct continuation_context *context);

// The beginning of the runtime's ContinuationAsyncContext.
struct continuation_context {
  void *parent;
  resume_function *resume;
  uintptr_t flags;
};

static const uintptr_t switches_executor = 1 << 3;

static await_function *library_await;
static _Thread_local resume_function *resumed;

// Before `main`, while there is one thread.
__attribute__((constructor(101))) static void find(void) {
  library_await = (await_function *)dlsym(RTLD_NEXT, "swift_continuation_await");
}

UNSEEN static SWIFT_ASYNC void go_on(__attribute__((swift_async_context)) struct continuation_context *context) {
  __tsan_acquire(swift_task_getCurrent());
  context->resume = resumed;
  __attribute__((musttail)) return resumed(context);
}

SWIFT_ASYNC void casynciosanitizer_await(struct continuation_context *context) __asm__("swift_continuation_await");

UNSEEN SWIFT_ASYNC void casynciosanitizer_await(struct continuation_context *context) {
  if ((context->flags & switches_executor) == 0) {
    resumed = context->resume;
    context->resume = go_on;
  }
  __attribute__((musttail)) return library_await(context);
}

#endif
#endif
