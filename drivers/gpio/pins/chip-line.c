// Lines of a GPIO chip by the kernel's character device (GPIO uAPI v2): a chip is found by its label, and never guessed.
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/** No machine has so many; the numbers have gaps where a chip went away. */
#define MOST_CHIPS 64

int open_chip(const char *label) {
  int found = -1;

  for (unsigned i = 0; i < MOST_CHIPS; i++) {
    char path[512];
    struct gpiochip_info info;
    int chip;

    snprintf(path, sizeof path, "%s/dev/gpiochip%u", machine_root, i);
    chip = open(path, O_RDWR | O_CLOEXEC);
    if (chip < 0)
      continue;
    memset(&info, 0, sizeof info);
    if (ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, &info) < 0 || strncmp(info.label, label, sizeof info.label) != 0) {
      close(chip);
    } else if (found >= 0) {
      close(chip);
      close(found);
      errno = ENOTUNIQ;
      return -1;
    } else {
      found = chip;
    }
  }
  if (found < 0)
    errno = ENODEV;
  return found;
}

bool drive_line(const char *label, unsigned offset, bool high) {
  struct gpio_v2_line_request request;
  int chip = open_chip(label);
  int why;

  if (chip < 0)
    return false;
  memset(&request, 0, sizeof request);
  request.offsets[0] = offset;
  request.num_lines = 1;
  snprintf(request.consumer, sizeof request.consumer, "chargetill-pins");
  request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
  request.config.num_attrs = 1;
  request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  request.config.attrs[0].attr.values = high ? 1 : 0;
  request.config.attrs[0].mask = 1;
  if (ioctl(chip, GPIO_V2_GET_LINE_IOCTL, &request) < 0) {
    why = errno;
    close(chip);
    errno = why;
    return false;
  }
  // Let go of at once: the next agent takes it. The level stays, or the resistor to ground holds the relay off.
  close(request.fd);
  close(chip);
  return true;
}
