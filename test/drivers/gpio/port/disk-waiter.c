// An agent whose main thread waits in the kernel and cannot be interrupted (state D), as behind a slow card: the parent
// of a vfork() does, until its child is gone. Prints its process number and start time, takes a line, and waits.
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void) {
  char text[1024], *after_name;
  unsigned long long started = 0;
  FILE *stat = fopen("/proc/self/stat", "r");

  if (stat == NULL || fgets(text, sizeof text, stat) == NULL || (after_name = strrchr(text, ')')) == NULL)
    return 1;
  sscanf(after_name + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", &started);
  printf("%d %llu\n", getpid(), started);
  fflush(stdout);
  if (fgets(text, sizeof text, stdin) == NULL)
    return 1;
  if (vfork() == 0) {
    // Until stdin ends.
    while (read(0, text, sizeof text) > 0)
      ;
    _exit(0);
  }
  return 0;
}
