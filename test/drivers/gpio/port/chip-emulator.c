// The kernel's GPIO character device under a program, by LD_PRELOAD: /dev/gpiochip0 with its lines, after
// drivers/gpio/gpiolib-cdev.c. What the wires are like stands in a file that the test reads and writes:
//   64 times 4 bytes: level, whether an output, whether another driver holds it, 1 + the level that was last looked at
//   4 bytes: a count, and 4096 times 2 bytes: what outputs were driven to, line and level
//   64 times 4 bytes: the process that holds the line
// A line that is let go of keeps its level and its direction, as on a Pi. EMULATED_CHIP names the file, EMULATED_LABEL
// the chip; a second name of the chip is /dev/gpiochip4, as on a Pi 5.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define LINES 58
#define MOST_LINES 64
#define MOST_DRIVEN 4096
#define MOST_FILES 1024

struct board {
  struct {
    uint8_t level, is_output, held, seen;
  } lines[MOST_LINES];
  uint32_t driven;
  struct {
    uint8_t line, level;
  } log[MOST_DRIVEN];
  /** The process that holds the line; one that is gone holds it no more. */
  int32_t holders[MOST_LINES];
};

/** By descriptor: -1 = a chip, else a line's number and the far end of its events. */
static struct {
  int kind, line, events;
  uint64_t flags;
} files[MOST_FILES];
enum { NOTHING, CHIP, LINE };

static volatile struct board *board;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int (*real_open)(const char *, int, ...);
static int (*real_ioctl)(int, unsigned long, ...);
static int (*real_close)(int);

static void drive(int line, int level) {
  if (board->lines[line].is_output && board->lines[line].level == level)
    return;
  board->lines[line].is_output = 1;
  board->lines[line].level = (uint8_t)level;
  if (board->driven < MOST_DRIVEN) {
    board->log[board->driven].line = (uint8_t)line;
    board->log[board->driven].level = (uint8_t)level;
    board->driven++;
  }
}

/** The wires, looked at each millisecond: an input whose level has changed has an edge. */
static void *watch_wires(void *unused) {
  uint8_t before[MOST_LINES];

  for (int i = 0; i < MOST_LINES; i++) {
    before[i] = board->lines[i].level;
    board->lines[i].seen = (uint8_t)(1 + before[i]);
  }
  for (;; usleep(1000)) {
    pthread_mutex_lock(&lock);
    for (int i = 0; i < MOST_LINES; i++) {
      uint8_t now = board->lines[i].level;
      struct gpio_v2_line_event event = {.offset = (uint32_t)i, .id = now ? GPIO_V2_LINE_EVENT_RISING_EDGE : GPIO_V2_LINE_EVENT_FALLING_EDGE};

      if (now == before[i])
        continue;
      before[i] = now;
      for (int file = 0; file < MOST_FILES; file++)
        if (files[file].kind == LINE && files[file].line == i && (files[file].flags & GPIO_V2_LINE_FLAG_EDGE_RISING))
          send(files[file].events, &event, sizeof event, MSG_DONTWAIT | MSG_NOSIGNAL);
      board->lines[i].seen = (uint8_t)(1 + now);
    }
    pthread_mutex_unlock(&lock);
  }
  return unused;
}

__attribute__((constructor)) static void begin(void) {
  const char *path = getenv("EMULATED_CHIP");
  pthread_t thread;
  int file;

  real_open = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, "open");
  real_ioctl = (int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
  real_close = (int (*)(int))dlsym(RTLD_NEXT, "close");
  if (path == NULL)
    return;
  file = real_open(path, O_RDWR | O_CLOEXEC);
  board = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  real_close(file);
  if (board == MAP_FAILED)
    abort();
  pthread_create(&thread, NULL, watch_wires, NULL);
}

/** With the process go its descriptors. */
__attribute__((destructor)) static void end(void) {
  for (int i = 0; board != NULL && i < MOST_LINES; i++)
    if (board->holders[i] == getpid())
      board->holders[i] = 0;
}

int open(const char *path, int flags, ...) {
  va_list rest;
  mode_t mode;
  int file;

  va_start(rest, flags);
  mode = flags & O_CREAT ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  if (board == NULL || strncmp(path, "/dev/gpiochip", 13) != 0)
    return real_open(path, flags, mode);
  if (strcmp(path, "/dev/gpiochip0") != 0 && strcmp(path, "/dev/gpiochip4") != 0) {
    errno = ENOENT;
    return -1;
  }
  // A character device of its own number, as fstat() shows it.
  file = real_open("/dev/null", O_RDWR | O_CLOEXEC);
  files[file].kind = CHIP;
  return file;
}

static int take(int file, const struct gpio_v2_line_config *config) {
  int line = files[file].line;

  files[file].flags = config->flags;
  if (config->flags & GPIO_V2_LINE_FLAG_OUTPUT)
    drive(line, (int)(config->attrs[0].attr.values & 1));
  else
    board->lines[line].is_output = 0;
  return 0;
}

static int request_line(struct gpio_v2_line_request *request) {
  int pair[2], line = (int)request->offsets[0];

  if (request->num_lines != 1 || line >= LINES) {
    errno = EINVAL;
    return -1;
  }
  if (board->lines[line].held || (board->holders[line] != 0 && (kill(board->holders[line], 0) == 0 || errno == EPERM))) {
    errno = EBUSY;
    return -1;
  }
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
    return -1;
  files[pair[0]].kind = LINE;
  files[pair[0]].line = line;
  files[pair[0]].events = pair[1];
  board->holders[line] = getpid();
  request->fd = pair[0];
  return take(pair[0], &request->config);
}

static int on_line(int file, unsigned long what, void *with) {
  struct gpio_v2_line_values *values = with;
  int line = files[file].line;

  switch (what) {
  case GPIO_V2_LINE_SET_CONFIG_IOCTL:
    return take(file, with);
  case GPIO_V2_LINE_GET_VALUES_IOCTL:
    values->bits = board->lines[line].level;
    return 0;
  case GPIO_V2_LINE_SET_VALUES_IOCTL:
    if (board->lines[line].is_output) {
      drive(line, (int)(values->bits & 1));
      return 0;
    }
    errno = EPERM;
    return -1;
  default:
    errno = ENOTTY;
    return -1;
  }
}

int ioctl(int file, unsigned long what, ...) {
  va_list rest;
  void *with;
  int done = -1;

  va_start(rest, what);
  with = va_arg(rest, void *);
  va_end(rest);
  if (board == NULL || file < 0 || file >= MOST_FILES || files[file].kind == NOTHING)
    return real_ioctl(file, what, with);
  pthread_mutex_lock(&lock);
  if (files[file].kind == LINE) {
    done = on_line(file, what, with);
  } else if (what == GPIO_GET_CHIPINFO_IOCTL) {
    struct gpiochip_info *info = with;

    memset(info, 0, sizeof *info);
    info->lines = LINES;
    snprintf(info->label, sizeof info->label, "%s", getenv("EMULATED_LABEL"));
    done = 0;
  } else if (what == GPIO_V2_GET_LINE_IOCTL) {
    done = request_line(with);
  } else {
    errno = ENOTTY;
  }
  pthread_mutex_unlock(&lock);
  return done;
}

int close(int file) {
  if (board != NULL && file >= 0 && file < MOST_FILES && files[file].kind != NOTHING) {
    pthread_mutex_lock(&lock);
    if (files[file].kind == LINE) {
      board->holders[files[file].line] = 0;
      real_close(files[file].events);
    }
    memset(&files[file], 0, sizeof files[file]);
    pthread_mutex_unlock(&lock);
  }
  return real_close(file);
}
