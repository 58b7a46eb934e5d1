// The line holder: holds lines of a chip for the agent, its parent, on kernels whose GPIO has no sysfs, and opens every
// contactor when the agent ends in whatever way: then stdin is at its end. Requests come on stdin, a line each:
//   7 chip pinctrl-bcm2711       8 out 17 low low    level now, level at the end      9 set 17 high
//   10 in 27                     11 get 27                                            12 free 27
// The answer stands at the start of descriptor 3, a file in memory that the agent reads without waiting in the kernel: the
// request's number, "ok" or "error", a value or errno, and the number again, which shows that all of it is there. Edges
// are told on stdout: "edge 27".
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define ANSWER_FD 3
#define LONGEST_REQUEST 128
/** Of the chips that we know, the largest has 58. */
#define MOST_LINES 64

struct line {
  int request;
  bool held, is_output, high_at_end, edge;
};

static struct line lines[MOST_LINES];
static int chip = -1;

static void line_config(struct gpio_v2_line_config *config, bool is_output, bool high) {
  memset(config, 0, sizeof *config);
  if (!is_output) {
    config->flags = GPIO_V2_LINE_FLAG_INPUT | GPIO_V2_LINE_FLAG_EDGE_RISING | GPIO_V2_LINE_FLAG_EDGE_FALLING;
    return;
  }
  config->flags = GPIO_V2_LINE_FLAG_OUTPUT;
  config->num_attrs = 1;
  config->attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  config->attrs[0].attr.values = high ? 1 : 0;
  config->attrs[0].mask = 1;
}

int request_line(int of_chip, unsigned offset, bool is_output, bool high) {
  struct gpio_v2_line_request request;

  memset(&request, 0, sizeof request);
  request.offsets[0] = offset;
  request.num_lines = 1;
  snprintf(request.consumer, sizeof request.consumer, "chargetill");
  line_config(&request.config, is_output, high);
  return ioctl(of_chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0 ? -1 : request.fd;
}

static int set_line(struct line *line, bool high) {
  struct gpio_v2_line_values values = {.bits = high ? 1 : 0, .mask = 1};

  return ioctl(line->request, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
}

static int get_line(struct line *line) {
  struct gpio_v2_line_values values = {.mask = 1};

  return ioctl(line->request, GPIO_V2_LINE_GET_VALUES_IOCTL, &values) < 0 ? -1 : (int)(values.bits & 1);
}

/** Holds a line as an output or an input; one that is held already changes without being let go of. */
static int hold(unsigned offset, bool is_output, bool high) {
  struct line *line = &lines[offset];

  if (line->held) {
    struct gpio_v2_line_config config;

    line_config(&config, is_output, high);
    if (ioctl(line->request, GPIO_V2_LINE_SET_CONFIG_IOCTL, &config) < 0)
      return -1;
  } else {
    int request = request_line(chip, offset, is_output, high);

    if (request < 0)
      return -1;
    line->request = request;
    fcntl(request, F_SETFL, fcntl(request, F_GETFL) | O_NONBLOCK);
  }
  line->held = true;
  line->is_output = is_output;
  return 0;
}

static int free_line(struct line *line) {
  if (line->held)
    close(line->request);
  memset(line, 0, sizeof *line);
  return 0;
}

static int take_chip(const char *label) {
  struct gpiochip_info info;

  if (chip >= 0)
    close(chip);
  chip = open_chip(label);
  memset(&info, 0, sizeof info);
  return chip < 0 || ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) < 0 ? -1 : (int)info.lines;
}

/** Does what a request asks; answers its value, or -1 and errno. */
static int serve(const char *request) {
  char label[LABEL_BYTES], now[5], at_end[5];
  unsigned offset;
  int used = 0;

  if (sscanf(request, "chip %31[!-~]%n", label, &used) == 1 && request[used] == '\0')
    return take_chip(label);
  if (sscanf(request, "%*[a-z] %u", &offset) != 1 || offset >= MOST_LINES) {
    errno = EINVAL;
    return -1;
  }
  if (sscanf(request, "out %*u %4s %4s", now, at_end) == 2) {
    lines[offset].high_at_end = strcmp(at_end, "high") == 0;
    return hold(offset, true, strcmp(now, "high") == 0);
  }
  if (strncmp(request, "in ", 3) == 0)
    return hold(offset, false, false);
  if (!lines[offset].held) {
    errno = ENOENT;
    return -1;
  }
  if (sscanf(request, "set %*u %4s", now) == 1)
    return set_line(&lines[offset], strcmp(now, "high") == 0);
  if (strncmp(request, "get ", 4) == 0)
    return get_line(&lines[offset]);
  if (strncmp(request, "free ", 5) == 0)
    return free_line(&lines[offset]);
  errno = EINVAL;
  return -1;
}

static void answer(const char *line) {
  char text[64];
  unsigned long number;
  int at = 0, value, length;

  if (sscanf(line, "%lu %n", &number, &at) != 1 || at == 0)
    return;
  value = serve(line + at);
  length = snprintf(text, sizeof text, "%lu %s %d %lu\n", number, value < 0 ? "error" : "ok", value < 0 ? errno : value, number);
  if (pwrite(ANSWER_FD, text, (size_t)length, 0) != length)
    say("the answer cannot be written: %s", strerror(errno));
}

/** Takes what has come on stdin, whole lines of it. False at its end. */
static bool take_requests(void) {
  static char waiting[LONGEST_REQUEST * 8];
  static size_t length;
  ssize_t got = read(STDIN_FILENO, waiting + length, sizeof waiting - 1 - length);
  char *end;

  if (got <= 0)
    return got < 0 && (errno == EINTR || errno == EAGAIN);
  length += (size_t)got;
  waiting[length] = '\0';
  while ((end = memchr(waiting, '\n', length)) != NULL) {
    *end = '\0';
    answer(waiting);
    length -= (size_t)(end + 1 - waiting);
    memmove(waiting, end + 1, length);
  }
  // Nothing that the agent asks is so long.
  if (length == sizeof waiting - 1)
    length = 0;
  return true;
}

/** Takes the edges of a line; the agent is told once of as many as have come. */
static void take_edges(struct line *line) {
  struct gpio_v2_line_event events[16];

  while (read(line->request, events, sizeof events) > 0)
    line->edge = true;
}

/** False where stdout takes no more for now. */
static bool tell_edge(unsigned offset) {
  char text[32];
  int length = snprintf(text, sizeof text, "edge %u\n", offset);

  if (write(STDOUT_FILENO, text, (size_t)length) < 0)
    return errno != EAGAIN;
  return true;
}

int hold_lines(void) {
  struct pollfd what[MOST_LINES + 2];
  unsigned of[MOST_LINES + 2];

  // systemd tells all of a cgroup to end; the agent ends first, and stdin with it.
  signal(SIGTERM, SIG_IGN);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  signal(SIGPIPE, SIG_IGN);
  fcntl(STDOUT_FILENO, F_SETFL, fcntl(STDOUT_FILENO, F_GETFL) | O_NONBLOCK);
  for (bool goes_on = true; goes_on;) {
    nfds_t count = 1;
    bool waits = false;

    for (unsigned i = 0; i < MOST_LINES; i++) {
      if (lines[i].edge && tell_edge(i))
        lines[i].edge = false;
      waits = waits || lines[i].edge;
      if (!lines[i].held || lines[i].is_output)
        continue;
      of[count] = i;
      what[count++] = (struct pollfd){.fd = lines[i].request, .events = POLLIN};
    }
    what[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    if (waits)
      what[count] = (struct pollfd){.fd = STDOUT_FILENO, .events = POLLOUT};
    if (poll(what, count + waits, -1) < 0)
      continue;
    for (nfds_t i = 1; i < count; i++)
      if (what[i].revents != 0)
        take_edges(&lines[of[i]]);
    if (what[0].revents != 0)
      goes_on = take_requests();
  }
  for (unsigned i = 0; i < MOST_LINES; i++)
    if (lines[i].held && lines[i].is_output && set_line(&lines[i], lines[i].high_at_end) < 0)
      say("line %u: NOT OPENED: %s", i, strerror(errno));
  return 0;
}
