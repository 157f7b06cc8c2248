// The limit: a single-threaded epoll echo server in C (read, write; EPOLLOUT only after a short write).
// usage: echoserver <port>
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
struct conn {
  int fd;
  size_t off, len;
  char buf[262144] __attribute__((aligned(64)));
};
static int ep;
static void mod(struct conn *c, unsigned e) {
  struct epoll_event ev = {.events = e, .data.ptr = c};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}
static int flush(struct conn *c) {
  while (c->off < c->len) {
    ssize_t k = send(c->fd, c->buf + c->off, c->len - c->off, MSG_NOSIGNAL);
    if (k < 0)
      return errno == EAGAIN ? 0 : -1;
    c->off += k;
  }
  c->off = c->len = 0;
  return 1;
}
int main(int ac, char **av) {
  if (ac != 2)
    return 64;
  int l = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
  setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in sa = {
      .sin_family = AF_INET, .sin_port = htons(atoi(av[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(l, (void *)&sa, sizeof sa) || listen(l, 1024)) {
    perror("bind");
    return 1;
  }
  ep = epoll_create1(0);
  struct epoll_event ev = {.events = EPOLLIN, .data.ptr = NULL}, evs[512];
  epoll_ctl(ep, EPOLL_CTL_ADD, l, &ev);
  for (;;) {
    int k = epoll_wait(ep, evs, 512, -1);
    for (int i = 0; i < k; i++) {
      struct conn *c = evs[i].data.ptr;
      if (!c) {
        int fd;
        while ((fd = accept4(l, 0, 0, SOCK_NONBLOCK)) >= 0) {
          setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
          c = aligned_alloc(64, sizeof *c);
          c->fd = fd;
          c->off = c->len = 0;
          ev.events = EPOLLIN;
          ev.data.ptr = c;
          epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev);
        }
        continue;
      }
      int s = 1;
      if (c->len) {
        s = flush(c);
        if (s == 1)
          mod(c, EPOLLIN);
      } else {
        ssize_t r = recv(c->fd, c->buf, sizeof c->buf, 0);
        if (r <= 0) {
          if (r < 0 && errno == EAGAIN)
            continue;
          s = -1;
        } else {
          c->len = r;
          s = flush(c);
          if (s == 0)
            mod(c, EPOLLOUT);
        }
      }
      if (s < 0) {
        close(c->fd);
        free(c);
      }
    }
  }
}
