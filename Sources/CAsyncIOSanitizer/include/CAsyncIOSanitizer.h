// Nothing to call: a program that links this target tells the thread sanitizer what it would not see.
