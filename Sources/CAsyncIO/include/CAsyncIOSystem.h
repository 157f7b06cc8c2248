// Processes, files, signals: what the Glibc overlay does not show, or shows only as macros and variadic functions.
#ifndef CASYNCIO_SYSTEM_H
#define CASYNCIO_SYSTEM_H

#if defined(__linux__)

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// MARK: Processes

// How a child is to be started.
struct casyncio_child {
  const char *program;         // a path: PATH is not searched
  char *const *arguments;      // ends with null; the first is the child's name for itself
  char *const *environment;    // ends with null
  int directory;               // an open directory to start in, or -1 for the caller's
  int descriptors[3];          // what becomes its 0, 1 and 2
  int group;                   // 0: the caller's process group; 1: one of its own; 2: a session of its own
};

// Starts a child with no other descriptors than those, no signal blocked and SIGPIPE not ignored. Returns its number or -errno.
int casyncio_spawn(const struct casyncio_child *request);
// A pipe: the end that is read, then the one that is written. Returns 0 or errno.
int casyncio_child_pipe(int *ends);
// Opens a directory to start a child in. Returns the descriptor or -errno.
int casyncio_open_directory(const char *path);
// A descriptor that becomes readable when the child ends. Returns it or -errno.
int casyncio_pidfd_open(int pid);
// Returns 0 or errno.
int casyncio_pidfd_signal(int pidfd, int number);
// Takes the end of a child from the system. Returns 1 when it has ended, 0 when it runs, -errno.
int casyncio_reap(int pidfd, bool *by_signal, int *value);
// The environment of this process.
char *const *casyncio_environment(void);

// MARK: Reading and writing

// Writes without ever raising SIGPIPE. Returns as write does, with errno.
ssize_t casyncio_write_quietly(int fd, const void *bytes, size_t count);
// Opens for reading only if that needs no device. Returns the descriptor or -errno, EAGAIN if it would need one.
int casyncio_open_cached(const char *path);
// Opens for reading what is below a directory, by a relative path; `beneath` refuses, with EXDEV, symbolic links that lead out of
// it. `cached` as for casyncio_open_cached. Returns the descriptor or -errno.
int casyncio_open_beneath(int directory, const char *path, bool beneath, bool cached);
// Reads what is in memory; offset -1 is the file's own. Returns the number of bytes or -errno, EAGAIN if a device is needed.
ssize_t casyncio_read_cached(int fd, void *buffer, size_t count, int64_t offset);
// Opens; O_CLOEXEC is added. Returns the descriptor or -errno.
int casyncio_open(const char *path, int flags, mode_t mode);
// Renames; fails with EEXIST where `to` exists, if that is not to be replaced. Returns 0 or errno.
int casyncio_rename(const char *from, const char *to, bool replaces);
// Copies up to `count` bytes inside the kernel, both files from where they are. Returns the number or -errno.
ssize_t casyncio_copy_range(int from, int to, size_t count);
// Makes `to` share the blocks of `from`, where the file system can. Returns 0 or errno.
int casyncio_clone(int from, int to);
// Makes `fd` mean what `by` means; one above 2 is closed on exec.
void casyncio_replace(int fd, int by);
// Whether a file's content is in memory and nowhere else.
bool casyncio_is_in_memory(int fd);
// How many bytes `print` has buffered for standard output.
size_t casyncio_buffered_output(void);
// Writes it; may block.
void casyncio_write_buffered_output(void);
// The descriptor's blocking twin cannot be had for sockets: receives or sends without waiting all the same.
ssize_t casyncio_receive_now(int fd, void *buffer, size_t count);
ssize_t casyncio_send_now(int fd, const void *bytes, size_t count);

// MARK: Watching directories

// Non-blocking. Returns the descriptor or -errno.
int casyncio_inotify_open(void);
// Returns the watch or -errno.
int casyncio_inotify_add(int fd, const char *path, uint32_t mask);
// Returns 0 or errno.
int casyncio_inotify_remove(int fd, int watch);

// MARK: Signals as a stream

// Adds a listener: each delivery of a signal in `mask` (bit n-1 for signal n) sets its bit and raises the eventfd `fd`.
// Returns the listener's index, or -1 when there are 64.
int casyncio_listener_add(uint64_t mask, int fd);
// Takes the bits that were set since.
uint64_t casyncio_listener_take(int index);
// After this returns no handler touches the listener's descriptor.
void casyncio_listener_remove(int index);
// Routes a signal to the listeners, and gives it back what it did before. Return 0 or errno.
int casyncio_signal_route(int number, void *former);
int casyncio_signal_unroute(int number, const void *former);
// The size of what `former` points to.
size_t casyncio_signal_former_size(void);

#endif
#endif
