// epoll echo load generator: C connections, each in closed loop: send M bytes, receive M bytes back
// (checked), repeat. Before that it opens as many connections as `idle` says, which send nothing.
// usage: echoload <port> <conns> <msgsize> <warmup_s> <measure_s> [label [idle]]     (loopback only)
// prints: label N seconds rate p50_us=.. p99_us=.. p999_us=.. max_us=.. mib_s=..
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#define HB 64 // log-linear histogram: 64 sub-buckets per power of two
static uint64_t hist[64 * HB], hmax;
static uint64_t now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}
static unsigned idx(uint64_t v) {
  if (v < HB)
    return v;
  int e = 63 - __builtin_clzll(v);
  return (e - 5) * HB + ((v >> (e - 6)) & (HB - 1));
}
static uint64_t val(unsigned i) {
  if (i < HB)
    return i;
  unsigned e = i / HB + 5;
  return (1ull << e) + ((uint64_t)(i % HB) << (e - 6));
}
static double pct(double p, uint64_t n) {
  uint64_t want = (uint64_t)(p * n), c = 0;
  for (unsigned i = 0; i < 64 * HB; i++) {
    c += hist[i];
    if (c > want)
      return val(i) / 1e3;
  }
  return hmax / 1e3;
}
struct conn {
  int fd;
  size_t sent, got;
  uint64_t t0;
  int out;
};
static char *msg, *rbuf;
static size_t M;
static int ep;
static void want(struct conn *c, int out) {
  if (c->out == out)
    return;
  c->out = out;
  struct epoll_event ev = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}
static void die(const char *s) {
  perror(s);
  exit(1);
}
static void push(struct conn *c) {
  while (c->sent < M) {
    ssize_t k = send(c->fd, msg + c->sent, M - c->sent, MSG_NOSIGNAL);
    if (k < 0) {
      if (errno == EAGAIN) {
        want(c, 1);
        return;
      }
      die("send");
    }
    c->sent += k;
  }
  want(c, 0);
}
static int dial(int port) {
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  if (fd < 0 || connect(fd, (void *)&sa, sizeof sa))
    die("connect");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  return fd;
}
// Opens connections that stay idle, each after a byte went there and back: then the server has a handler for it.
static void idle(int port, int count) {
  for (int i = 0; i < count; i++) {
    char byte = 'i';
    int fd = dial(port);
    if (send(fd, &byte, 1, MSG_NOSIGNAL) != 1 || recv(fd, &byte, 1, 0) != 1)
      die("idle connection");
  }
}
int main(int ac, char **av) {
  if (ac < 6)
    return 64;
  int port = atoi(av[1]), C = atoi(av[2]);
  M = atol(av[3]);
  double warm = atof(av[4]), dur = atof(av[5]);
  const char *label = ac > 6 ? av[6] : "echo";
  msg = malloc(M);
  rbuf = malloc(1 << 18);
  for (size_t i = 0; i < M; i++)
    msg[i] = 'a' + i % 23;
  struct conn *cs = calloc(C, sizeof *cs);
  ep = epoll_create1(0);
  idle(port, ac > 7 ? atoi(av[7]) : 0);
  for (int i = 0; i < C; i++) {
    int fd = dial(port);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    cs[i].fd = fd;
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = &cs[i]};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
  }
  uint64_t start = now() + (uint64_t)(warm * 1e9), end = start + (uint64_t)(dur * 1e9), n = 0, t = 0;
  for (int i = 0; i < C; i++) {
    cs[i].t0 = now();
    push(&cs[i]);
  }
  struct epoll_event evs[512];
  while ((t = now()) < end) {
    int k = epoll_wait(ep, evs, 512, 100);
    for (int i = 0; i < k; i++) {
      struct conn *c = evs[i].data.ptr;
      if (evs[i].events & EPOLLOUT)
        push(c);
      if (!(evs[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        continue;
      ssize_t r = recv(c->fd, rbuf, 1 << 18, 0);
      if (r == 0) {
        fprintf(stderr, "closed by peer\n");
        return 1;
      }
      if (r < 0) {
        if (errno == EAGAIN)
          continue;
        die("recv");
      }
      if (c->got + r > M || memcmp(rbuf, msg + c->got, r)) {
        fprintf(stderr, "bad echo\n");
        return 1;
      }
      c->got += r;
      if (c->got == M) {
        uint64_t e = now(), l = e - c->t0;
        if (e >= start && e < end) {
          n++;
          hist[idx(l)]++;
          if (l > hmax)
            hmax = l;
        }
        c->got = c->sent = 0;
        c->t0 = e;
        push(c);
      }
    }
  }
  printf("%s-c%d-%zuK %lu %.4f %.0f p50_us=%.1f p99_us=%.1f p999_us=%.1f max_us=%.1f mib_s=%.0f\n", label, C,
         M / 1024, n, dur, n / dur, pct(.5, n), pct(.99, n), pct(.999, n), hmax / 1e3,
         n / dur * M / 1048576.0);
  return 0;
}
