// Chips and lines by the kernel's character device (GPIO uAPI v2): a chip is found by its label, and never guessed.
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/** No machine has so many; the numbers have gaps where a chip went away. */
#define MOST_CHIPS 64

/** Calls `found` with each chip, once, until it answers false; one whose descriptor it keeps is not closed. */
static void each_chip(bool (*found)(int chip, unsigned number, const struct gpiochip_info *info, void *with), void *with) {
  dev_t seen[MOST_CHIPS];
  size_t count = 0;

  for (unsigned i = 0; i < MOST_CHIPS; i++) {
    char path[512];
    struct gpiochip_info info;
    struct stat device;
    size_t known = 0;
    int chip;

    snprintf(path, sizeof path, "%s/dev/gpiochip%u", machine_root, i);
    chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0)
      continue;
    memset(&info, 0, sizeof info);
    // A Pi 5 has a second name for its header's chip, for programs that guess.
    if (fstat(chip, &device) == 0)
      while (known < count && seen[known] != device.st_rdev)
        known++;
    if (known < count || ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) < 0) {
      close(chip);
      continue;
    }
    seen[count++] = device.st_rdev;
    if (!found(chip, i, &info, with))
      return;
  }
}

struct search {
  const char *label;
  int chip;
  bool several;
};

static bool matches(int chip, unsigned number, const struct gpiochip_info *info, void *with) {
  struct search *search = with;

  (void)number;
  if (strncmp(info->label, search->label, sizeof info->label) != 0) {
    close(chip);
    return true;
  }
  search->several = search->chip >= 0;
  if (search->several)
    close(chip);
  else
    search->chip = chip;
  return !search->several;
}

int open_chip(const char *label) {
  struct search search = {.label = label, .chip = -1};

  each_chip(matches, &search);
  errno = ENODEV;
  if (!search.several)
    return search.chip;
  close(search.chip);
  errno = ENOTUNIQ;
  return -1;
}

static bool print_chip(int chip, unsigned number, const struct gpiochip_info *info, void *with) {
  (void)with;
  close(chip);
  printf("gpiochip%u %u %s\n", number, info->lines, info->label);
  return true;
}

int list_chips(void) {
  each_chip(print_chip, NULL);
  return 0;
}

bool drive_line(const char *label, unsigned offset, bool high) {
  int chip = open_chip(label);
  int line = chip < 0 ? -1 : request_line(chip, offset, true, high);
  int why = errno;

  // Let go of at once: the next agent takes it. The level stays, or the resistor to ground holds the relay off.
  if (line >= 0)
    close(line);
  if (chip >= 0)
    close(chip);
  errno = why;
  return line >= 0;
}
