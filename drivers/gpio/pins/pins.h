// chargetill-pins: what opens the contactors when the agent cannot. Plain C on libc and the kernel alone, so that it is
// small, starts within a millisecond and needs nothing that a broken agent might have broken.
#ifndef CHARGETILL_PINS_H
#define CHARGETILL_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/** As many connectors as a config may have. */
#define MOST_PINS 64
/** The longest label of a chip that the kernel tells (GPIO_MAX_NAME_SIZE), with its end. */
#define LABEL_BYTES 32

/** How to open one contactor: the level of a pin of sysfs, or of a line of a chip. */
struct open_order {
  bool is_chip;
  char label[LABEL_BYTES];
  unsigned number;
  bool high;
};

/** The contactors of one agent, as it wrote them down before it closed the first of them. */
struct contactor_list {
  unsigned long serial;
  pid_t agent;
  unsigned long long started;
  unsigned closed;
  size_t count;
  struct open_order orders[MOST_PINS];
};

/** Stands before /sys and /dev: a test's own tree; else empty. */
extern const char *machine_root;

/** A line on stderr, which the journal takes. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

// ---- contactor-list.c

/** Reads the list in `path`. False where there is none (errno ENOENT) or it is not one (EBADMSG). */
bool read_list(const char *path, struct contactor_list *list);

/** Opens every contactor of the list, those of sysfs first. Answers how many could not be opened; names them if `loud`. */
unsigned open_all(const struct contactor_list *list, bool loud);

// ---- chip-line.c

/** Opens the one chip of that label. Answers its descriptor, or -1 and errno: ENODEV, or ENOTUNIQ where there are several. */
int open_chip(const char *label);

/** Drives a line of a chip as an output, once. False and errno where the kernel refuses, EBUSY where it is held. */
bool drive_line(const char *label, unsigned offset, bool high);

/** Prints every chip: its device, how many lines it has, its label. */
int list_chips(void);

// ---- lines.c

/** Requests a line of an open chip: as an output at a level, or as an input that tells its edges. A descriptor, or -1 and errno. */
int request_line(int of_chip, unsigned offset, bool is_output, bool high);

/** Holds lines for the process at stdin, until it ends. */
int hold_lines(void);

// ---- opener.c

/** Watches the list in a folder for ever; answers an exit code where it cannot. */
int watch_agent(const char *folder);

#endif
