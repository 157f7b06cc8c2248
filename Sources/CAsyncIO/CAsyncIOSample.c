// Samples of the stack of a thread that does not come back, taken on that thread by a signal.
//
// The signal is SIGURG, as Go's: nobody uses it, and it is ignored by default, so that one which comes late does no harm. It is
// only taken where it has its default action.
//
// A signal ends some system calls with EINTR even with SA_RESTART: those that sleep, and those with a timeout. A program must not
// behave differently for being looked at. So the sampler reads from /proc in which call the thread is, and the handler, if it
// finds that this call was ended by this very signal, has it made again. A call that was given a relative time begins anew, so
// that it ends late by what had passed, once for each call that is sampled; one that was told where to leave the rest of its time
// goes on with that.
//
// How the handler knows the call: it stands behind the same instruction with the same stack, its result is EINTR, and the
// registers with its arguments, which the kernel preserves, hold what /proc had shown. Were any of them different, the thread
// would have gone on to another call in between, whose number cannot be known: that one is left alone. So is a call that begins
// in the microseconds between the look at a running thread and the signal; it may end with EINTR, as POSIX lets it.
//
// What the thread may have been doing, and why the handler does not mind: it takes no lock and allocates nothing, so that the
// thread may hold the allocator's lock, the loader's, or any other. The unwinder finds its tables by `_dl_find_object`, without a
// lock, from glibc 2.35 on; before, it takes the loader's lock, which a thread may take twice. (The unwinder of GCC before 13
// also takes one where code was registered by hand, as just-in-time compilers do, and such a thread that was unwinding at that
// moment would stand still.) What is bound or made at its first use is used once before the first signal (`install`). The
// sampler's thread waits for the handler without a lock that the other thread may want.
//
// Who owns `request`: the sampler fills it in while it is FREE and posts it; the handler that takes it has it until it is DONE;
// then it is the sampler's again. A handler that finds nothing posted returns: the sampler had given up on it. Only a handler on
// the thread that was meant takes it: a signal that a thread had blocked for long may arrive when another is asked.

#define _GNU_SOURCE
#include "CAsyncIO.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

enum { FREE, POSTED, TAKEN, DONE };

// A system call that a thread waits in.
typedef struct {
  bool is_known;
  long number;
  unsigned long arguments[6], sp, pc;
} waiting_call;

static struct {
  atomic_int state;
  atomic_int thread;  // who is asked; set before the request is posted
  const void *progress;  // the loop's word, and what it was: another value says that the loop has gone on
  uintptr_t expected;
  waiting_call call;
  casyncio_sample *sample;
} request;

static sem_t done;
static bool is_installed;

// The registers of a context that this file needs, by architecture.
#if defined(__x86_64__)
#define HAS_REGISTERS 1
static unsigned long *register_pc(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.gregs[REG_RIP]; }
static unsigned long *register_sp(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.gregs[REG_RSP]; }
static unsigned long *register_result(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.gregs[REG_RAX]; }
static const int call_length = 2;  // syscall
static const int argument_registers[] = {REG_RDI, REG_RSI, REG_RDX, REG_R10, REG_R8, REG_R9};
static bool has_arguments(ucontext_t *context, const waiting_call *call) {
  for (int i = 0; i < 6; i++)
    if ((unsigned long)context->uc_mcontext.gregs[argument_registers[i]] != call->arguments[i]) return false;
  return true;
}
static void set_call(ucontext_t *context, const waiting_call *call) {
  for (int i = 0; i < 6; i++) context->uc_mcontext.gregs[argument_registers[i]] = call->arguments[i];
  context->uc_mcontext.gregs[REG_RAX] = call->number;
}
#elif defined(__aarch64__)
#define HAS_REGISTERS 1
static unsigned long *register_pc(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.pc; }
static unsigned long *register_sp(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.sp; }
static unsigned long *register_result(ucontext_t *c) { return (unsigned long *)&c->uc_mcontext.regs[0]; }
static const int call_length = 4;  // svc #0
static bool has_arguments(ucontext_t *context, const waiting_call *call) {
  // The first register holds the result by now.
  for (int i = 1; i < 6; i++)
    if (context->uc_mcontext.regs[i] != call->arguments[i]) return false;
  return context->uc_mcontext.regs[8] == (unsigned long)call->number;
}
static void set_call(ucontext_t *context, const waiting_call *call) {
  for (int i = 0; i < 6; i++) context->uc_mcontext.regs[i] = call->arguments[i];
  context->uc_mcontext.regs[8] = call->number;
}
#else
#define HAS_REGISTERS 0
#endif

#if HAS_REGISTERS

typedef struct {
  casyncio_sample *sample;
  uintptr_t first;
  bool has_begun;
} walk;

static _Unwind_Reason_Code visit(struct _Unwind_Context *context, void *argument) {
  walk *walk = argument;
  int is_before = 0;
  uintptr_t pc = _Unwind_GetIPInfo(context, &is_before);
  // The frames of this handler come first.
  if (!walk->has_begun && pc == walk->first) walk->has_begun = true;
  if (!walk->has_begun) return _URC_NO_REASON;
  casyncio_sample *sample = walk->sample;
  if (pc == 0 || sample->count == casyncio_sample_capacity) return _URC_END_OF_STACK;
  sample->frames[sample->count++] = pc;
  return _URC_NO_REASON;
}

// Has a system call made again that this signal has ended.
static void resume_call(ucontext_t *context) {
  waiting_call *call = &request.call;
  if (!call->is_known || *register_pc(context) != call->pc || *register_sp(context) != call->sp) return;
  if ((long)*register_result(context) != -EINTR || !has_arguments(context, call)) return;
  // The first has closed its descriptor all the same; the second goes on with what the kernel has forgotten by now.
  if (call->number == SYS_close || call->number == SYS_restart_syscall) return;
  // These two have said how much time is left; an absolute time stays what it is.
  if (call->number == SYS_clock_nanosleep && !(call->arguments[1] & TIMER_ABSTIME) && call->arguments[3])
    call->arguments[2] = call->arguments[3];
#if defined(SYS_nanosleep)
  if (call->number == SYS_nanosleep && call->arguments[1]) call->arguments[0] = call->arguments[1];
#endif
  set_call(context, call);
  *register_pc(context) -= call_length;
}

// Runs in a signal context, on the thread that is sampled.
static void on_sample(int number, siginfo_t *info, void *argument) {
  (void)number, (void)info;
  int expected = POSTED;
  if (atomic_load(&request.thread) != (int)syscall(SYS_gettid)) return;
  if (!atomic_compare_exchange_strong(&request.state, &expected, TAKEN)) return;
  int saved = errno;
  ucontext_t *context = argument;
  casyncio_sample *sample = request.sample;
  sample->count = 0;
  sample->is_stale = __atomic_load_n((const uintptr_t *)request.progress, __ATOMIC_RELAXED) != request.expected;
  if (!sample->is_stale) {
    walk walk = {.sample = sample, .first = *register_pc(context)};
    _Unwind_Backtrace(visit, &walk);
    // A sanitizer delivers a signal late, when the thread has left the place that the context tells: then from where it is now.
    if (!walk.has_begun) {
      walk.first = (uintptr_t)__builtin_return_address(0);
      _Unwind_Backtrace(visit, &walk);
    }
    if (sample->count == 0) sample->frames[sample->count++] = *register_pc(context);
    sample->task = (uintptr_t)casyncio_current_task();
    sample->took_queue = asyncio_sample_take_queue(casyncio_get_current());
  }
  resume_call(context);
  atomic_store(&request.state, DONE);
  sem_post(&done);
  errno = saved;
}

static bool install(void) {
  if (is_installed) return true;
  struct sigaction former, action = {.sa_sigaction = on_sample, .sa_flags = SA_SIGINFO | SA_RESTART};
  sigemptyset(&action.sa_mask);
  if (sigaction(SIGURG, NULL, &former) != 0 || former.sa_handler != SIG_DFL) return false;
  if (sem_init(&done, 0, 0) != 0) return false;
  // Whatever is bound or loaded when it is first used must not be so in the handler.
  casyncio_sample sample = {0};
  walk walk = {.sample = &sample, .has_begun = true};
  _Unwind_Backtrace(visit, &walk);
  casyncio_current_task();
  if (!asyncio_sample_rehearse()) return false;
  is_installed = sigaction(SIGURG, &action, NULL) == 0;
  return is_installed;
}

// Reads in which system call a thread waits. False if that cannot be told: then a signal could end a call of its for good.
static bool read_call(int thread, waiting_call *call) {
  char path[64], text[256];
  snprintf(path, sizeof path, "/proc/self/task/%d/syscall", thread);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return false;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return false;
  text[length] = 0;
  *call = (waiting_call){0};
  unsigned long *a = call->arguments;
  int found = sscanf(text, "%ld %lx %lx %lx %lx %lx %lx %lx %lx", &call->number, &a[0], &a[1], &a[2], &a[3], &a[4],
                     &a[5], &call->sp, &call->pc);
  // A thread that runs, or that waits outside of any call (-1), has none that could be ended.
  call->is_known = found == 9 && call->number >= 0;
  return true;
}

#endif

int64_t casyncio_starved(int thread) {
  char path[64], text[128];
  snprintf(path, sizeof path, "/proc/self/task/%d/schedstat", thread);
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  ssize_t length = read(fd, text, sizeof text - 1);
  close(fd);
  if (length <= 0) return 0;
  text[length] = 0;
  long long run, starved;
  return sscanf(text, "%lld %lld", &run, &starved) == 2 ? starved : 0;
}

#if HAS_REGISTERS

static bool wait_for_handler(int milliseconds) {
  struct timespec end;
  clock_gettime(CLOCK_REALTIME, &end);
  end.tv_nsec += milliseconds * 1000000L;
  end.tv_sec += end.tv_nsec / 1000000000;
  end.tv_nsec %= 1000000000;
  int result;
  while ((result = sem_timedwait(&done, &end)) != 0 && errno == EINTR) {}
  return result == 0;
}

bool casyncio_take_sample(int thread, const void *progress, uintptr_t expected, casyncio_sample *sample) {
  if (!install() || !read_call(thread, &request.call)) return false;
  request.progress = progress;
  request.expected = expected;
  request.sample = sample;
  atomic_store(&request.thread, thread);
  atomic_store(&request.state, POSTED);
  if (syscall(SYS_tgkill, getpid(), thread, SIGURG) == 0 && !wait_for_handler(200)) {
    int posted = POSTED;
    // The thread keeps the signal from itself.
    if (atomic_compare_exchange_strong(&request.state, &posted, FREE)) return false;
    while (!wait_for_handler(1000)) {}
  }
  return atomic_exchange(&request.state, FREE) == DONE;
}

#else

bool casyncio_take_sample(int thread, const void *progress, uintptr_t expected, casyncio_sample *sample) {
  (void)thread, (void)progress, (void)expected, (void)sample;
  return false;
}

#endif

int casyncio_prepare_for_samples(void) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
  return (int)syscall(SYS_gettid);
}

#else

bool casyncio_take_sample(int thread, const void *progress, uintptr_t expected, casyncio_sample *sample) {
  (void)thread, (void)progress, (void)expected, (void)sample;
  return false;
}

int casyncio_prepare_for_samples(void) { return 0; }
int64_t casyncio_starved(int thread) {
  (void)thread;
  return 0;
}

#endif
