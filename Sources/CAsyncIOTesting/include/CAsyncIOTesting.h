// Runs a function of AsyncIOTesting before `main`: Swift has no way to say so.
#ifndef CASYNCIOTESTING_H
#define CASYNCIOTESTING_H

#include <stdbool.h>

// Whether the constructor has run. Calling this also keeps a linker from leaving its object file out.
bool casynciotesting_was_loaded(void);

#endif
