// What the thread sanitizer does not see of the standard library's Mutex; nothing in other builds.
//
// A Mutex is an atomic word. Locking and unlocking it without contention is inlined, instrumented and understood. With
// contention two functions of the standard library are called, which is not instrumented: the sanitizer then misses that
// one thread waited for the other, and reports whatever the Mutex guards. Here the two are put in front of the library's
// own, and tell it. The word's address is that of the Mutex, in both.

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

void __tsan_acquire(void *address);
void __tsan_release(void *address);

#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context))

// Synchronization._MutexHandle._lockSlow(UInt32) and _unlockSlow().
#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"

typedef SWIFT void lock_function(uint32_t thread, SELF void *handle);
typedef SWIFT void unlock_function(SELF void *handle);

static lock_function *library_lock;
static unlock_function *library_unlock;

// Before `main`, while there is one thread.
__attribute__((constructor(101))) static void find(void) {
  library_lock = (lock_function *)dlsym(RTLD_NEXT, LOCK);
  library_unlock = (unlock_function *)dlsym(RTLD_NEXT, UNLOCK);
}

SWIFT void casynciosanitizer_lock(uint32_t thread, SELF void *handle) __asm__(LOCK);
SWIFT void casynciosanitizer_unlock(SELF void *handle) __asm__(UNLOCK);

SWIFT void casynciosanitizer_lock(uint32_t thread, SELF void *handle) {
  library_lock(thread, handle);
  __tsan_acquire(handle);
}

SWIFT void casynciosanitizer_unlock(SELF void *handle) {
  __tsan_release(handle);
  library_unlock(handle);
}

#endif
#endif
