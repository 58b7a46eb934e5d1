#include "pins.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *machine_root = "";

void say(const char *format, ...) {
  va_list values;

  fputs("chargetill-pins: ", stderr);
  va_start(values, format);
  vfprintf(stderr, format, values);
  va_end(values);
  fputc('\n', stderr);
}

static int usage(void) {
  fputs("usage: chargetill-pins [--root DIR] open FILE [COMMAND ...]\n"
        "         opens every contactor of the list in FILE; runs the command where there is none\n"
        "       chargetill-pins [--root DIR] watch DIR\n"
        "         watches the agent that keeps its list in DIR, and opens its contactors when it hangs or dies\n"
        "       chargetill-pins [--root DIR] chips\n"
        "         prints the GPIO chips\n"
        "       chargetill-pins [--root DIR] lines\n"
        "         holds lines of a chip for the agent, which asks on stdin; opens its contactors when it ends\n",
        stderr);
  return 2;
}

static int open_listed(char **words) {
  struct contactor_list list;

  if (read_list(words[0], &list))
    return open_all(&list, true) == 0 ? 0 : 1;
  if (words[1] == NULL) {
    say("%s cannot be used: %s", words[0], strerror(errno));
    return 1;
  }
  execv(words[1], words + 1);
  say("%s cannot be run: %s", words[1], strerror(errno));
  return 1;
}

int main(int count, char **words) {
  (void)count;
  words++;
  if (words[0] != NULL && strcmp(words[0], "--root") == 0 && words[1] != NULL) {
    machine_root = words[1];
    words += 2;
  }
  if (words[0] == NULL)
    return usage();
  if (strcmp(words[0], "open") == 0 && words[1] != NULL)
    return open_listed(words + 1);
  if (strcmp(words[0], "watch") == 0 && words[1] != NULL && words[2] == NULL)
    return watch_agent(words[1]);
  if (strcmp(words[0], "chips") == 0 && words[1] == NULL)
    return list_chips();
  if (strcmp(words[0], "lines") == 0 && words[1] == NULL)
    return hold_lines();
  return usage();
}
