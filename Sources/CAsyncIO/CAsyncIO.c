#include "CAsyncIO.h"
