// What the Glibc overlay does not show to Swift: a thread-local word with a fast access model, the
// packed events of epoll, and signal handlers. No policy lives here.
#ifndef CASYNCIO_H
#define CASYNCIO_H

#include <stdbool.h>
#include <stdint.h>

#include "CAsyncIOSystem.h"

// MARK: The loop of this thread

// The core of the loop that runs on this thread, or null. "initial-exec" makes the access one move
// instead of a call of __tls_get_addr.
extern _Thread_local void *casyncio_current __attribute__((tls_model("initial-exec")));

static inline void *casyncio_get_current(void) { return casyncio_current; }
static inline void casyncio_set_current(void *core) { casyncio_current = core; }

// What this thread is beside the loops (ServingThread.swift), or null.
extern _Thread_local void *casyncio_serving __attribute__((tls_model("initial-exec")));

static inline void *casyncio_get_serving(void) { return casyncio_serving; }
static inline void casyncio_set_serving(void *thread) { casyncio_serving = thread; }

// MARK: Time

// CLOCK_MONOTONIC in nanoseconds.
int64_t casyncio_now(void);

#if defined(__linux__)

#include <sys/epoll.h>

// MARK: epoll

// A new epoll descriptor, and a new eventfd for wake-ups. Returns the descriptor or -errno.
int casyncio_epoll_create(void);
int casyncio_eventfd(void);
// Registers `fd` for both directions, edge-triggered. Returns 0 or errno.
int casyncio_epoll_add(int epoll, int fd, uint64_t data);
// Removes `fd`. Returns 0 or errno.
int casyncio_epoll_remove(int epoll, int fd);
// Waits for events; a negative timeout waits for ever. Returns the number of events or -errno.
int casyncio_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns);

static inline uint32_t casyncio_event_mask(const struct epoll_event *events, int index) {
  return events[index].events;
}
static inline uint64_t casyncio_event_data(const struct epoll_event *events, int index) {
  return events[index].data.u64;
}

static const uint32_t casyncio_event_read = EPOLLIN | EPOLLPRI;
static const uint32_t casyncio_event_write = EPOLLOUT;
static const uint32_t casyncio_event_read_closed = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
static const uint32_t casyncio_event_write_closed = EPOLLHUP | EPOLLERR;

#endif

// MARK: Bytes

// Where `needle` first is in `hay`; null if nowhere.
const void *casyncio_find(const void *hay, unsigned long hay_size, const void *needle, unsigned long needle_size);

// MARK: Sockets

#if defined(__linux__)
// Accepts a connection in non-blocking mode. Returns its descriptor, or -1 with errno.
int casyncio_accept(int listener);
// Makes a pipe in non-blocking mode, closed on exec. Returns 0, or -1 with errno.
int casyncio_pipe(int *reader, int *writer);
// Sends bytes, at least one, with copies of descriptors. Returns how many bytes were taken, or -1 with errno.
long casyncio_send_descriptors(
    int socket, const void *bytes, unsigned long size, const int *descriptors, unsigned long count);
// Receives bytes and at most 253 descriptors, closed on exec; `count` says how many there is room for and then how many have
// come. Descriptors without room are closed, and the call fails with EMSGSIZE. Returns the bytes, or -1 with errno.
long casyncio_receive_descriptors(
    int socket, void *bytes, unsigned long size, int *descriptors, unsigned long *count);
// Who has connected to a Unix socket. Returns 0, or -1 with errno.
int casyncio_peer_credentials(int socket, int *process, unsigned int *user, unsigned int *group);
// The most datagrams that one of the following calls takes.
#define CASYNCIO_MANY 64
// Receives at most `count` datagrams, each into `size` bytes of its own in `memory`. `lengths` are those that they were sent with,
// which may be more than `size`. Returns how many, or -1 with errno.
struct sockaddr_storage;
int casyncio_receive_many(
    int socket, void *memory, unsigned long size, unsigned int count, unsigned int *lengths,
    struct sockaddr_storage *addresses, unsigned int *address_lengths);
// Sends at most `count` datagrams: the nth is `memory` from `offsets[n]` to `offsets[n + 1]`. Without an address where its length is
// 0. Returns how many, or -1 with errno.
int casyncio_send_many(
    int socket, const void *memory, const unsigned long *offsets, unsigned int count,
    struct sockaddr_storage *addresses, const unsigned int *address_lengths);
#endif

// MARK: Signals

// Routes SIGINT and SIGTERM into a counter and a write to `wake_fd`; the second of either ends the
// process by the signal's default action. Nests: a second install only replaces the descriptor.
void casyncio_signals_install(int wake_fd);
// Gives both signals their former dispositions back.
void casyncio_signals_restore(void);
// The first signal received since the install, or 0.
int casyncio_signal_received(void);
// Has writing to a pipe that nobody reads fail with EPIPE instead of ending the process, unless the program has a handler of
// its own. Programs that are started from here find the default action again.
void casyncio_survive_broken_pipes(void);
// Flushes the C streams and ends the process by the default action of the signal.
void casyncio_end_by_signal(int number) __attribute__((noreturn));

// MARK: Cancellation handlers

// The entry points of the language's runtime behind `withTaskCancellationHandler`; see CancellationHandler.swift. The
// handler calls `asyncio_wait_cancelled`, which is written in Swift, with `target`.
void *casyncio_on_cancel(void *target);
void casyncio_remove_cancellation_handler(void *record);
// The task that runs on this thread, or null; an address to be compared, as TaskIdentity.swift does.
void *casyncio_current_task(void);
// A number of a task, which lives, that no other task gets; 0 for null.
uint64_t casyncio_task_number(void *task);
// Whether a task, which lives, was cancelled; `Task.isCancelled` without counting references.
bool casyncio_task_is_cancelled(void *task);

// MARK: Task-local values

// The entry points behind `TaskLocal.withValue`; see TaskContext+Binding.swift. Pushing consumes the value.
void casyncio_push_task_local(const void *key, void *value, const void *type);
void casyncio_pop_task_local(void);
// Where the value of the current task is; null if it has none.
void *casyncio_get_task_local(const void *key);

// MARK: Samples of a stack

enum { casyncio_sample_capacity = 128 };

// What a thread was doing at an instant.
typedef struct {
  // Where it was, then where each function returns to, innermost first.
  uintptr_t frames[casyncio_sample_capacity];
  int count;
  // The task that ran, or 0.
  uintptr_t task;
  // Whether the loop had gone on meanwhile; then there are no frames.
  bool is_stale;
  // What `asyncio_sample_take_queue` has returned.
  bool took_queue;
} casyncio_sample;

// Samples `thread`, which drives a loop whose word at `progress` is `expected`; one caller at a time. False if it cannot be done
// without disturbing the thread, or the thread does not answer.
bool casyncio_take_sample(int thread, const void *progress, uintptr_t expected, casyncio_sample *sample);
// For how many nanoseconds `thread` was ready to run in all, and did not as others had the cores; 0 where that is not counted.
int64_t casyncio_starved(int thread);
// Lets this thread be sampled. Returns its number for `casyncio_take_sample`.
int casyncio_prepare_for_samples(void);
// Written in Swift (StuckQueue.swift); called in the signal handler, on the thread that is sampled.
extern bool asyncio_sample_take_queue(void *core);
// Does the same to no loop, before the first signal is sent, so that nothing is made or bound in the handler.
extern bool asyncio_sample_rehearse(void);

// MARK: Threads

// Lets another thread run that is ready, if there is one.
void casyncio_give_way(void);
// A number that is this thread's alone, while it lives; a multiple of 8.
uintptr_t casyncio_thread_mark(void);
// Whether this is the process's first thread.
bool casyncio_is_main_thread(void);
// Names this thread for debuggers (15 bytes are kept).
void casyncio_set_thread_name(const char *name);
// How many cores this process may use; at least 1.
int casyncio_core_count(void);
// Bytes in use on the C heap.
uint64_t casyncio_heap_in_use(void);

#endif
