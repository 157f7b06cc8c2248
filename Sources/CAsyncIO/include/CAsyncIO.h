#ifndef CASYNCIO_H
#define CASYNCIO_H
#endif
