#include "CAsyncIOTesting.h"

static bool was_loaded;

// Defined in Swift: AsyncIOTesting/Running/Router.swift.
extern void asynciotesting_install_router(void);

// Before `main`, while the process has one thread and nothing has asked for an executor.
__attribute__((constructor)) static void install(void) {
  was_loaded = true;
  asynciotesting_install_router();
}

bool casynciotesting_was_loaded(void) { return was_loaded; }
