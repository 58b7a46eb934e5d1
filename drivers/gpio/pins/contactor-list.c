// The list that the agent keeps of its contactors, and the opening of all of them. Its form:
//   chargetill-pins 1
//   serial 7                        counts the lists of this agent
//   agent 812 190233                its process, and when that was started (proc(5), field 22): a number comes again
//   closed 1                        how many of the contactors are closed
//   sysfs 529 low                   one line a contactor: the level that opens it
//   chip pinctrl-bcm2711 17 low
//   end
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/** 64 contactors take less than 4 KiB. */
#define LONGEST_LIST 8192
#define LONGEST_PATH 512

static bool read_order(const char *line, struct open_order *order) {
  char level[5], rest;

  memset(order, 0, sizeof *order);
  if (sscanf(line, "sysfs %u %4[a-z]%c", &order->number, level, &rest) == 2)
    order->is_chip = false;
  else if (sscanf(line, "chip %31[!-~] %u %4[a-z]%c", order->label, &order->number, level, &rest) == 3)
    order->is_chip = true;
  else
    return false;
  order->high = strcmp(level, "high") == 0;
  return order->high || strcmp(level, "low") == 0;
}

static bool parse_list(char *text, struct contactor_list *list) {
  char *at = text;
  char *line = strsep(&at, "\n");
  char rest;

  memset(list, 0, sizeof *list);
  if (line == NULL || strcmp(line, "chargetill-pins 1") != 0)
    return false;
  line = strsep(&at, "\n");
  if (line == NULL || sscanf(line, "serial %lu%c", &list->serial, &rest) != 1)
    return false;
  line = strsep(&at, "\n");
  if (line == NULL || sscanf(line, "agent %d %llu%c", &list->agent, &list->started, &rest) != 2 || list->agent <= 0)
    return false;
  line = strsep(&at, "\n");
  if (line == NULL || sscanf(line, "closed %u%c", &list->closed, &rest) != 1)
    return false;
  while ((line = strsep(&at, "\n")) != NULL) {
    if (strcmp(line, "end") == 0)
      return true;
    if (list->count == MOST_PINS || !read_order(line, &list->orders[list->count]))
      return false;
    list->count++;
  }
  return false;
}

bool read_list(const char *path, struct contactor_list *list) {
  char text[LONGEST_LIST];
  size_t length = 0;
  ssize_t got;
  int file = open(path, O_RDONLY | O_CLOEXEC);

  if (file < 0)
    return false;
  while (length < sizeof text - 1 && (got = read(file, text + length, sizeof text - 1 - length)) > 0)
    length += (size_t)got;
  close(file);
  text[length] = '\0';
  if (strlen(text) == length && parse_list(text, list))
    return true;
  errno = EBADMSG;
  return false;
}

static bool write_text(const char *path, const char *text) {
  size_t length = strlen(text);
  int file = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
  ssize_t done;
  int why;

  if (file < 0)
    return false;
  done = write(file, text, length);
  why = done < 0 ? errno : EIO;
  close(file);
  errno = why;
  return done == (ssize_t)length;
}

/** "low" and "high" are volts, whatever active_low says, and make an output of a pin that is none. */
static bool open_sysfs(const struct open_order *order) {
  char direction[LONGEST_PATH], export[LONGEST_PATH], number[16];
  const char *level = order->high ? "high\n" : "low\n";

  snprintf(direction, sizeof direction, "%s/sys/class/gpio/gpio%u/direction", machine_root, order->number);
  if (write_text(direction, level))
    return true;
  if (errno != ENOENT)
    return false;
  // Nobody holds it any more, and yet it may be driven.
  snprintf(export, sizeof export, "%s/sys/class/gpio/export", machine_root);
  snprintf(number, sizeof number, "%u\n", order->number);
  return write_text(export, number) && write_text(direction, level);
}

unsigned open_all(const struct contactor_list *list, bool loud) {
  unsigned failed = 0;

  // A line of a chip may be held by a process that is only just dying, and is asked for again.
  for (int chips = 0; chips < 2; chips++)
    for (size_t i = 0; i < list->count; i++) {
      const struct open_order *order = &list->orders[i];

      if (order->is_chip != (chips == 1))
        continue;
      if (order->is_chip ? drive_line(order->label, order->number, order->high) : open_sysfs(order))
        continue;
      failed++;
      if (loud)
        say("%s %u: NOT OPENED: %s", order->is_chip ? order->label : "sysfs GPIO", order->number, strerror(errno));
    }
  return failed;
}
