#define _GNU_SOURCE
#include "CAsyncIOSystem.h"

#if defined(__linux__)

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// MARK: Processes

// Moves `fd` out of the way of the three that the child is given; -errno.
static int above_standard(int fd) {
  int moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  return moved >= 0 ? moved : -errno;
}

static int add_actions(posix_spawn_file_actions_t *actions, const struct casyncio_child *request, const int from[3]) {
  int failure = 0;
  for (int i = 0; i < 3 && failure == 0; i++) {
    // Onto itself it clears close-on-exec.
    failure = posix_spawn_file_actions_adddup2(actions, from[i], i);
  }
  if (failure == 0 && request->directory >= 0) {
    failure = posix_spawn_file_actions_addfchdir_np(actions, request->directory);
  }
  if (failure == 0) failure = posix_spawn_file_actions_addclosefrom_np(actions, 3);
  return failure;
}

static int set_attributes(posix_spawnattr_t *attributes, int group) {
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  // Ignored by many programs for themselves; their children rely on it, `yes | head` for one.
  sigaddset(&defaults, SIGPIPE);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  if (group == 1) flags |= POSIX_SPAWN_SETPGROUP;
  if (group == 2) flags |= POSIX_SPAWN_SETSID;
  posix_spawnattr_setsigmask(attributes, &none);
  posix_spawnattr_setsigdefault(attributes, &defaults);
  posix_spawnattr_setpgroup(attributes, 0);
  return posix_spawnattr_setflags(attributes, flags);
}

static int spawn_with(const struct casyncio_child *request, const int from[3]) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int failure = posix_spawn_file_actions_init(&actions);
  if (failure != 0) return -failure;
  posix_spawnattr_init(&attributes);
  pid_t child = 0;
  failure = add_actions(&actions, request, from);
  if (failure == 0) failure = set_attributes(&attributes, request->group);
  if (failure == 0) {
    failure = posix_spawn(
        &child, request->program, &actions, &attributes, request->arguments, request->environment);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return failure == 0 ? child : -failure;
}

int casyncio_spawn(const struct casyncio_child *request) {
  int from[3], moved[3] = {-1, -1, -1};
  int result = 0;
  for (int i = 0; i < 3 && result >= 0; i++) {
    from[i] = request->descriptors[i];
    if (from[i] > 2 || from[i] == i) continue;
    // Say 2 goes to 1: by the time 1 is made, 2 may have been replaced.
    result = from[i] = moved[i] = above_standard(from[i]);
  }
  if (result >= 0) result = spawn_with(request, from);
  for (int i = 0; i < 3; i++) {
    if (moved[i] >= 0) close(moved[i]);
  }
  return result;
}

int casyncio_child_pipe(int *ends) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : errno; }

int casyncio_open_directory(const char *path) {
  int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int casyncio_pidfd_open(int pid) {
  int fd = (int)syscall(SYS_pidfd_open, pid, 0);
  return fd >= 0 ? fd : -errno;
}

int casyncio_pidfd_signal(int pidfd, int number) {
  return syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0 ? 0 : errno;
}

int casyncio_reap(int pidfd, bool *by_signal, int *value) {
  siginfo_t info = {0};
  int result;
  do result = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG);
  while (result != 0 && errno == EINTR);
  if (result != 0) return -errno;
  if (info.si_pid == 0) return 0;
  *by_signal = info.si_code != CLD_EXITED;
  *value = info.si_status;
  return 1;
}

char *const *casyncio_environment(void) { return environ; }

// MARK: Reading and writing

#ifndef RWF_NOSIGNAL
#define RWF_NOSIGNAL 0x00000100
#endif

// With the signal blocked on this thread, and taken if this write has raised it.
static ssize_t write_blocking_sigpipe(int fd, const void *bytes, size_t count) {
  sigset_t pipe_only, former, pending;
  sigemptyset(&pipe_only);
  sigaddset(&pipe_only, SIGPIPE);
  sigpending(&pending);
  bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  pthread_sigmask(SIG_BLOCK, &pipe_only, &former);
  ssize_t result = write(fd, bytes, count);
  int failure = errno;
  if (result < 0 && failure == EPIPE && !was_pending) {
    struct timespec now = {0};
    while (sigtimedwait(&pipe_only, NULL, &now) < 0 && errno == EINTR) {}
  }
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  errno = failure;
  return result;
}

ssize_t casyncio_write_quietly(int fd, const void *bytes, size_t count) {
  // Kernels before 6.18 do not know the flag.
  static atomic_bool lacks_flag;
  if (!atomic_load_explicit(&lacks_flag, memory_order_relaxed)) {
    struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
    ssize_t result = pwritev2(fd, &part, 1, -1, RWF_NOSIGNAL);
    if (result >= 0 || (errno != EOPNOTSUPP && errno != EINVAL && errno != ENOSYS)) return result;
    atomic_store_explicit(&lacks_flag, true, memory_order_relaxed);
  }
  return write_blocking_sigpipe(fd, bytes, count);
}

struct open_how_of_linux {
  uint64_t flags, mode, resolve;
};

int casyncio_open_cached(const char *path) {
  struct open_how_of_linux how = {
      .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
      .resolve = 0x20,  // RESOLVE_CACHED
  };
  int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
  return fd >= 0 ? fd : -errno;
}

// For kernels and sandboxes without openat2: component by component, and no symbolic link at all.
static int open_without_links(int directory, const char *path) {
  int here = dup(directory);
  while (here >= 0) {
    size_t length = strcspn(path, "/");
    char name[256];
    if (length >= sizeof name) {
      close(here);
      return -ENAMETOOLONG;
    }
    memcpy(name, path, length);
    name[length] = 0;
    bool is_last = path[length] == 0;
    int next = openat(here, name, O_CLOEXEC | O_NOFOLLOW | (is_last ? O_RDONLY | O_NONBLOCK : O_PATH | O_DIRECTORY));
    int failure = errno;
    close(here);
    if (next < 0) return failure == ELOOP ? -EXDEV : -failure;
    if (is_last) return next;
    here = next;
    path += length + 1;
  }
  return -errno;
}

int casyncio_open_beneath(int directory, const char *path, bool beneath, bool cached) {
  struct open_how_of_linux how = {
      // Not to wait for the other end of a FIFO.
      .flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
      // RESOLVE_NO_MAGICLINKS, RESOLVE_BENEATH, RESOLVE_CACHED
      .resolve = 0x02 | (beneath ? 0x08 : 0) | (cached ? 0x20 : 0),
  };
  int fd;
  do fd = (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
  while (fd < 0 && errno == EINTR);
  if (fd >= 0) return fd;
  if (errno == ENOSYS && !cached) return open_without_links(directory, path);
  return -errno;
}

ssize_t casyncio_read_cached(int fd, void *buffer, size_t count, int64_t offset) {
  struct iovec part = {.iov_base = buffer, .iov_len = count};
  ssize_t result = preadv2(fd, &part, 1, offset, RWF_NOWAIT);
  return result >= 0 ? result : -errno;
}

int casyncio_open(const char *path, int flags, mode_t mode) {
  int fd;
  do fd = open(path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  return fd >= 0 ? fd : -errno;
}

int casyncio_rename(const char *from, const char *to, bool replaces) {
  if (replaces) return rename(from, to) == 0 ? 0 : errno;
  return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0 ? 0 : errno;
}

ssize_t casyncio_copy_range(int from, int to, size_t count) {
  ssize_t result = copy_file_range(from, NULL, to, NULL, count, 0);
  return result >= 0 ? result : -errno;
}

int casyncio_clone(int from, int to) { return ioctl(to, FICLONE, from) == 0 ? 0 : errno; }

void casyncio_replace(int fd, int by) { dup3(by, fd, fd > 2 ? O_CLOEXEC : 0); }

bool casyncio_is_in_memory(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) == 0 && (system.f_type == TMPFS_MAGIC || system.f_type == RAMFS_MAGIC);
}

size_t casyncio_buffered_output(void) { return __fpending(stdout); }

void casyncio_write_buffered_output(void) { fflush(stdout); }

ssize_t casyncio_receive_now(int fd, void *buffer, size_t count) {
  return recv(fd, buffer, count, MSG_DONTWAIT);
}

ssize_t casyncio_send_now(int fd, const void *bytes, size_t count) {
  return send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// MARK: Watching directories

int casyncio_inotify_open(void) {
  int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  return fd >= 0 ? fd : -errno;
}

int casyncio_inotify_add(int fd, const char *path, uint32_t mask) {
  int watch = inotify_add_watch(fd, path, mask);
  return watch >= 0 ? watch : -errno;
}

int casyncio_inotify_remove(int fd, int watch) { return inotify_rm_watch(fd, watch) == 0 ? 0 : errno; }

// MARK: Signals as a stream
//
// The handler may run on any thread, at any time, beside the functions below. A listener's slot is free, or belongs to the one
// that has claimed it; the handler acts on those whose `mask` is not 0, which is set last when one is added and first when it is
// removed. `running` counts handlers under way: a removal waits until it has been 0, so that no handler that has seen the old
// mask can still write to a descriptor that is closed by then and perhaps somebody else's. (A handler runs for a
// microsecond and never waits, and one that interrupts the removing thread ends before that goes on.)

enum { listeners_maximum = 64 };

static struct {
  atomic_bool claimed;
  _Atomic uint64_t mask, pending;
  atomic_int fd;
} listeners[listeners_maximum];

static atomic_int running;

static void tell_listeners(int number) {
  int saved = errno;
  uint64_t bit = (uint64_t)1 << (number - 1);
  atomic_fetch_add(&running, 1);
  for (int i = 0; i < listeners_maximum; i++) {
    if ((atomic_load(&listeners[i].mask) & bit) == 0) continue;
    atomic_fetch_or(&listeners[i].pending, bit);
    uint64_t one = 1;
    ssize_t ignored = write(atomic_load(&listeners[i].fd), &one, sizeof one);
    (void)ignored;
  }
  atomic_fetch_sub(&running, 1);
  errno = saved;
}

int casyncio_listener_add(uint64_t mask, int fd) {
  for (int i = 0; i < listeners_maximum; i++) {
    if (atomic_exchange(&listeners[i].claimed, true)) continue;
    atomic_store(&listeners[i].fd, fd);
    atomic_store(&listeners[i].pending, 0);
    atomic_store(&listeners[i].mask, mask);
    return i;
  }
  return -1;
}

uint64_t casyncio_listener_take(int index) { return atomic_exchange(&listeners[index].pending, 0); }

void casyncio_listener_remove(int index) {
  atomic_store(&listeners[index].mask, 0);
  while (atomic_load(&running) != 0) sched_yield();
  atomic_store(&listeners[index].claimed, false);
}

size_t casyncio_signal_former_size(void) { return sizeof(struct sigaction); }

int casyncio_signal_route(int number, void *former) {
  struct sigaction action = {.sa_handler = tell_listeners, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  return sigaction(number, &action, former) == 0 ? 0 : errno;
}

int casyncio_signal_unroute(int number, const void *former) {
  struct sigaction present;
  if (sigaction(number, NULL, &present) != 0) return errno;
  // Somebody has put another handler in its place since: that one stays.
  if (present.sa_handler != tell_listeners) return 0;
  return sigaction(number, former, NULL) == 0 ? 0 : errno;
}

#endif
