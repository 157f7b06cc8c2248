#define _GNU_SOURCE
#include "CAsyncIO.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

_Thread_local void *casyncio_current;
_Thread_local void *casyncio_serving;

int64_t casyncio_now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

const void *casyncio_find(const void *hay, unsigned long hay_size, const void *needle, unsigned long needle_size) {
  return memmem(hay, hay_size, needle, needle_size);
}

#if defined(__linux__)

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/uio.h>

int casyncio_accept(int listener) {
  return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int casyncio_pipe(int *reader, int *writer) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
  *reader = ends[0];
  *writer = ends[1];
  return 0;
}

long casyncio_send_descriptors(
    int socket, const void *bytes, unsigned long size, const int *descriptors, unsigned long count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(253 * sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = (void *)bytes, .iov_len = size};
  struct msghdr message = {.msg_iov = &vector, .msg_iovlen = 1};
  if (count > 253) {
    errno = EINVAL;
    return -1;
  }
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
    memset(&control, 0, message.msg_controllen);
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL);
}

long casyncio_receive_descriptors(
    int socket, void *bytes, unsigned long size, int *descriptors, unsigned long *count) {
  union {
    struct cmsghdr header;
    char room[CMSG_SPACE(253 * sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = bytes, .iov_len = size};
  struct msghdr message = {
      .msg_iov = &vector, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  long received = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  if (received < 0) return received;
  unsigned long room = *count, found = 0;
  bool overflow = message.msg_flags & MSG_CTRUNC;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    unsigned long length = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (unsigned long index = 0; index < length; index++) {
      int descriptor;
      memcpy(&descriptor, CMSG_DATA(header) + index * sizeof(int), sizeof(int));
      if (found < room) {
        descriptors[found++] = descriptor;
      } else {
        close(descriptor);
        overflow = true;
      }
    }
  }
  if (overflow) {
    for (unsigned long index = 0; index < found; index++) close(descriptors[index]);
    errno = EMSGSIZE;
    return -1;
  }
  *count = found;
  return received;
}

int casyncio_peer_credentials(int socket, int *process, unsigned int *user, unsigned int *group) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -1;
  *process = peer.pid;
  *user = peer.uid;
  *group = peer.gid;
  return 0;
}

int casyncio_receive_many(
    int socket, void *memory, unsigned long size, unsigned int count, unsigned int *lengths,
    struct sockaddr_storage *addresses, unsigned int *address_lengths) {
  struct mmsghdr messages[CASYNCIO_MANY];
  struct iovec vectors[CASYNCIO_MANY];
  if (count > CASYNCIO_MANY) count = CASYNCIO_MANY;
  for (unsigned int index = 0; index < count; index++) {
    vectors[index] = (struct iovec){.iov_base = (char *)memory + index * size, .iov_len = size};
    messages[index].msg_hdr = (struct msghdr){
        .msg_iov = &vectors[index], .msg_iovlen = 1,
        .msg_name = &addresses[index], .msg_namelen = sizeof(struct sockaddr_storage)};
  }
  int received = recvmmsg(socket, messages, count, MSG_DONTWAIT | MSG_TRUNC, NULL);
  for (int index = 0; index < received; index++) {
    lengths[index] = messages[index].msg_len;
    address_lengths[index] = messages[index].msg_hdr.msg_namelen;
  }
  return received;
}

int casyncio_send_many(
    int socket, const void *memory, const unsigned long *offsets, unsigned int count,
    struct sockaddr_storage *addresses, const unsigned int *address_lengths) {
  struct mmsghdr messages[CASYNCIO_MANY];
  struct iovec vectors[CASYNCIO_MANY];
  if (count > CASYNCIO_MANY) count = CASYNCIO_MANY;
  for (unsigned int index = 0; index < count; index++) {
    vectors[index] = (struct iovec){
        .iov_base = (char *)memory + offsets[index], .iov_len = offsets[index + 1] - offsets[index]};
    messages[index].msg_hdr = (struct msghdr){
        .msg_iov = &vectors[index], .msg_iovlen = 1,
        .msg_name = address_lengths[index] ? &addresses[index] : NULL, .msg_namelen = address_lengths[index]};
  }
  return sendmmsg(socket, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

int casyncio_epoll_create(void) {
  int fd = epoll_create1(EPOLL_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int casyncio_eventfd(void) {
  int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return fd >= 0 ? fd : -errno;
}

int casyncio_epoll_add(int epoll, int fd, uint64_t data) {
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET,
      .data = {.u64 = data},
  };
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0 ? 0 : errno;
}

int casyncio_epoll_remove(int epoll, int fd) {
  struct epoll_event ignored = {0};
  return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &ignored) == 0 ? 0 : errno;
}

int casyncio_epoll_wait(int epoll, struct epoll_event *events, int capacity, int64_t timeout_ns) {
  // Kernels before 5.11 lack epoll_pwait2: there, milliseconds, rounded up so as not to wake early.
  static atomic_bool lacks_pwait2;
  int count;
  if (timeout_ns <= 0) {
    count = epoll_wait(epoll, events, capacity, timeout_ns < 0 ? -1 : 0);
    return count >= 0 ? count : -errno;
  }
  if (!atomic_load_explicit(&lacks_pwait2, memory_order_relaxed)) {
    struct timespec timeout = {.tv_sec = timeout_ns / 1000000000, .tv_nsec = timeout_ns % 1000000000};
    count = epoll_pwait2(epoll, events, capacity, &timeout, NULL);
    if (count >= 0) return count;
    if (errno != ENOSYS) return -errno;
    atomic_store_explicit(&lacks_pwait2, true, memory_order_relaxed);
  }
  int64_t milliseconds = (timeout_ns + 999999) / 1000000;
  count = epoll_wait(epoll, events, capacity, milliseconds > INT32_MAX ? INT32_MAX : (int)milliseconds);
  return count >= 0 ? count : -errno;
}

#endif

// MARK: Cancellation handlers

typedef __attribute__((swiftcall)) void (*cancellation_handler)(__attribute__((swift_context)) void *context);

__attribute__((swiftcall)) extern void *swift_task_addCancellationHandler(
    cancellation_handler handler, void *context);
__attribute__((swiftcall)) extern void swift_task_removeCancellationHandler(void *record);

extern void asyncio_wait_cancelled(uintptr_t target);

static __attribute__((swiftcall)) void wait_cancelled(__attribute__((swift_context)) void *target) {
  asyncio_wait_cancelled((uintptr_t)target);
}

void *casyncio_on_cancel(void *target) { return swift_task_addCancellationHandler(wait_cancelled, target); }

void casyncio_remove_cancellation_handler(void *record) { swift_task_removeCancellationHandler(record); }

// MARK: Task-local values

__attribute__((swiftcall)) extern void swift_task_localValuePush(const void *key, void *value, const void *type);
__attribute__((swiftcall)) extern void swift_task_localValuePop(void);

void casyncio_push_task_local(const void *key, void *value, const void *type) {
  swift_task_localValuePush(key, value, type);
}

void casyncio_pop_task_local(void) { swift_task_localValuePop(); }

__attribute__((swiftcall)) extern void *swift_task_localValueGet(const void *key);

void *casyncio_get_task_local(const void *key) { return swift_task_localValueGet(key); }

// MARK: The current task

__attribute__((swiftcall)) extern void *swift_task_getCurrent(void);

__attribute__((swiftcall)) extern bool swift_task_isCancelled(void *task);

void *casyncio_current_task(void) { return swift_task_getCurrent(); }

__attribute__((swiftcall)) extern uint64_t swift_task_getJobTaskId(void *job);

uint64_t casyncio_task_number(void *task) { return task ? swift_task_getJobTaskId(task) : 0; }

bool casyncio_task_is_cancelled(void *task) { return swift_task_isCancelled(task); }

void casyncio_give_way(void) { sched_yield(); }

uintptr_t casyncio_thread_mark(void) { return (uintptr_t)&casyncio_current; }

// MARK: Signals

static atomic_int wake_descriptor = -1;
static atomic_int first_signal;
static atomic_int deliveries;
static struct sigaction former_int, former_term;
static bool installed;

// Runs in a signal context: only async-signal-safe calls.
static void on_signal(int number) {
  int saved = errno;
  if (atomic_fetch_add(&deliveries, 1) > 0) {
    // The second: the program did not stop when asked, so the signal does what it does by default.
    signal(number, SIG_DFL);
    raise(number);
    return;
  }
  atomic_store(&first_signal, number);
  int fd = atomic_load(&wake_descriptor);
  if (fd >= 0) {
    uint64_t one = 1;
    ssize_t ignored = write(fd, &one, sizeof one);
    (void)ignored;
  }
  errno = saved;
}

void casyncio_signals_install(int wake_fd) {
  atomic_store(&wake_descriptor, wake_fd);
  if (installed) return;
  installed = true;
  atomic_store(&first_signal, 0);
  atomic_store(&deliveries, 0);
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, &former_int);
  sigaction(SIGTERM, &action, &former_term);
  // A shell without job control starts background jobs with SIGINT ignored: then it stays ignored.
  if (former_int.sa_handler == SIG_IGN) sigaction(SIGINT, &former_int, NULL);
}

void casyncio_signals_restore(void) {
  if (!installed) return;
  installed = false;
  atomic_store(&wake_descriptor, -1);
  sigaction(SIGINT, &former_int, NULL);
  sigaction(SIGTERM, &former_term, NULL);
}

// A handler rather than SIG_IGN, which programs that are started from here would inherit.
static void on_broken_pipe(int number) { (void)number; }

void casyncio_survive_broken_pipes(void) {
  struct sigaction former;
  if (sigaction(SIGPIPE, NULL, &former) != 0 || former.sa_handler != SIG_DFL) return;
  struct sigaction action = {.sa_handler = on_broken_pipe, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, NULL);
}

void casyncio_end_by_signal(int number) {
  fflush(NULL);
  signal(number, SIG_DFL);
  raise(number);
  _exit(128 + number);  // the signal is blocked or ignored by default
}

int casyncio_signal_received(void) { return atomic_load(&first_signal); }

// MARK: Threads

#if defined(__linux__)
#include <malloc.h>
#include <sched.h>
#include <sys/syscall.h>

bool casyncio_is_main_thread(void) { return syscall(SYS_gettid) == getpid(); }
void casyncio_set_thread_name(const char *name) { pthread_setname_np(pthread_self(), name); }
int casyncio_core_count(void) {
  // More than 1,024 cores do not fit into the set: then all that are online count.
  cpu_set_t set;
  long count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}
uint64_t casyncio_heap_in_use(void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}
#else
bool casyncio_is_main_thread(void) { return pthread_main_np() != 0; }
void casyncio_set_thread_name(const char *name) { (void)name; }
int casyncio_core_count(void) {
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  return count > 0 ? (int)count : 1;
}
uint64_t casyncio_heap_in_use(void) { return 0; }
#endif
