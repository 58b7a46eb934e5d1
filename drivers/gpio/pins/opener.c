// The opener: waits beside the agent, in a unit and cgroup of its own. It holds the agent's list of contactors in memory,
// hears of the agent's death at once (pidfd), and looks whether the agent's heartbeat moves while a contactor is closed.
// Where it does not, the contactors are opened and the agent, which would believe them closed, is killed: systemd starts
// it anew, and the journal settles the session. It never closes anything.
#include "pins.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_PATH 512
#define LOOK_EVERY_MS 90
/**
 * So many looks in turn at a heartbeat that stands still (the agent's is every 200 ms) are a hang: 0.72 s after the last
 * one. Looks are counted and not time, so that a machine that stood still itself is none.
 */
#define LOOKS_UNTIL_HUNG 8
/** A main thread that waits for its disk (state D) is not hung: a slow card takes its time. But not for ever: 9 s. */
#define LOOKS_UNTIL_DISK_HUNG 100
/** How long a killed agent may take to be gone before its contactors are opened once more. */
#define DEATH_WITHIN_MS 1000
/** A contactor that could not be opened is tried again at each look, so many times: for a minute and a half. */
#define MOST_TRIES 1000

struct watch {
  char list_path[LONGEST_PATH], heartbeat_path[LONGEST_PATH], answer_path[LONGEST_PATH], fresh_path[LONGEST_PATH];
  struct contactor_list list;
  int agent;
  char heartbeat[32];
  unsigned looks_without, looks_on_disk;
  unsigned tries_left;
};

static volatile sig_atomic_t ended;

static void end(int signal) {
  (void)signal;
  ended = 1;
}

static long long now_ms(void) {
  struct timespec now;

  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static size_t read_text(const char *path, char *text, size_t size) {
  ssize_t length = -1;
  int file = open(path, O_RDONLY | O_CLOEXEC);

  memset(text, 0, size);
  if (file < 0)
    return 0;
  length = read(file, text, size - 1);
  close(file);
  return length < 0 ? 0 : (size_t)length;
}

/** The state of a process's main thread and when it was started (proc(5)); false where there is no such process. */
static bool look_at_process(pid_t pid, char *state, unsigned long long *started) {
  char path[64], text[1024], *after_name;

  snprintf(path, sizeof path, "/proc/%d/stat", pid);
  // A name may hold anything, brackets too.
  if (read_text(path, text, sizeof text) == 0 || (after_name = strrchr(text, ')')) == NULL)
    return false;
  return sscanf(after_name + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu", state,
                started) == 2;
}

/**
 * Opens all contactors of the list. What failed is tried again at each look, and named at the second: a line of a chip is
 * held until the one who holds it for the agent is gone too.
 */
static void open_contactors(struct watch *watch) {
  if (watch->tries_left == 0)
    watch->tries_left = MOST_TRIES;
  watch->tries_left--;
  if (open_all(&watch->list, watch->tries_left == MOST_TRIES - 2) == 0) {
    watch->tries_left = 0;
    if (watch->list.closed > 0 && watch->agent < 0)
      say("the contactors of the agent (process %d) were opened", watch->list.agent);
  } else if (watch->tries_left == 0) {
    say("a contactor could not be opened; it is not tried again");
  }
}

static void forget_agent(struct watch *watch) {
  if (watch->agent >= 0)
    close(watch->agent);
  watch->agent = -1;
}

static void agent_died(struct watch *watch) {
  forget_agent(watch);
  if (watch->list.closed > 0)
    say("the agent (process %d) is gone", watch->list.agent);
  open_contactors(watch);
}

static void agent_hangs(struct watch *watch, const char *how) {
  struct pollfd death = {.fd = watch->agent, .events = POLLIN};

  open_contactors(watch);
  say("the agent (process %d) %s", watch->list.agent, how);
  syscall(SYS_pidfd_send_signal, watch->agent, SIGKILL, NULL, 0);
  poll(&death, 1, DEATH_WITHIN_MS);
  // What it did between the two is undone; and lines that its death let go of can be driven now.
  agent_died(watch);
}

/** Tells the agent that this list is watched. */
static void answer(struct watch *watch) {
  char text[32];
  int length = snprintf(text, sizeof text, "%lu\n", watch->list.serial);
  int file = open(watch->fresh_path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (file >= 0) {
    bool whole = write(file, text, (size_t)length) == length;
    close(file);
    if (whole && rename(watch->fresh_path, watch->answer_path) == 0)
      return;
  }
  say("%s cannot be written: %s", watch->answer_path, strerror(errno));
}

/** Takes the list anew. One that is not whole leaves the last one in force. */
static void take_list(struct watch *watch) {
  struct contactor_list list;
  unsigned long long started;
  char state;

  if (!read_list(watch->list_path, &list)) {
    if (errno == ENOENT) {
      forget_agent(watch);
      memset(&watch->list, 0, sizeof watch->list);
      watch->tries_left = 0;
    } else {
      say("%s cannot be used: %s", watch->list_path, strerror(errno));
    }
    return;
  }
  bool is_known = watch->agent >= 0 && list.agent == watch->list.agent && list.started == watch->list.started;
  // From open to closed: what was missed before counts for nothing.
  if (!is_known || watch->list.closed == 0)
    watch->looks_without = watch->looks_on_disk = 0;
  watch->list = list;
  watch->tries_left = 0;
  if (!is_known) {
    forget_agent(watch);
    watch->agent = (int)syscall(SYS_pidfd_open, list.agent, 0);
    if (watch->agent < 0 || !look_at_process(list.agent, &state, &started) || started != list.started)
      agent_died(watch);
  }
  answer(watch);
}

/** One look at the heartbeat of an agent that holds a contactor closed. */
static void look(struct watch *watch) {
  char heartbeat[sizeof watch->heartbeat], state = '?';
  unsigned long long started;

  read_text(watch->heartbeat_path, heartbeat, sizeof heartbeat);
  if (memcmp(heartbeat, watch->heartbeat, sizeof heartbeat) != 0) {
    memcpy(watch->heartbeat, heartbeat, sizeof heartbeat);
    watch->looks_without = watch->looks_on_disk = 0;
    return;
  }
  if (look_at_process(watch->list.agent, &state, &started) && state == 'D')
    watch->looks_on_disk++;
  else
    watch->looks_without++;
  if (watch->looks_without >= LOOKS_UNTIL_HUNG)
    agent_hangs(watch, "does not answer and is killed");
  else if (watch->looks_on_disk >= LOOKS_UNTIL_DISK_HUNG)
    agent_hangs(watch, "waits for its disk without end and is killed");
}

/** True where one of the folder's events was about the list. */
static bool list_changed(int folder) {
  char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
  bool changed = false;
  ssize_t length = read(folder, events, sizeof events);

  for (char *at = events; length > 0 && at < events + length;) {
    const struct inotify_event *event = (const struct inotify_event *)at;

    if ((event->mask & IN_Q_OVERFLOW) || (event->len > 0 && strcmp(event->name, "contactors") == 0))
      changed = true;
    at += sizeof *event + event->len;
  }
  return changed;
}

int watch_agent(const char *folder) {
  struct watch watch = {.agent = -1};
  struct sigaction action = {.sa_handler = end};
  int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  long long next_look = 0;

  snprintf(watch.list_path, sizeof watch.list_path, "%s/contactors", folder);
  snprintf(watch.heartbeat_path, sizeof watch.heartbeat_path, "%s/heartbeat", folder);
  snprintf(watch.answer_path, sizeof watch.answer_path, "%s/opener", folder);
  snprintf(watch.fresh_path, sizeof watch.fresh_path, "%s/opener.new", folder);
  if (changes < 0 || inotify_add_watch(changes, folder, IN_MOVED_TO | IN_DELETE | IN_ONLYDIR) < 0) {
    say("%s cannot be watched: %s", folder, strerror(errno));
    return 1;
  }
  sigaction(SIGTERM, &action, NULL);
  sigaction(SIGINT, &action, NULL);
  take_list(&watch);
  while (!ended) {
    bool is_alive = watch.agent >= 0;
    bool looks = (is_alive && watch.list.closed > 0) || watch.tries_left > 0;
    long long left = next_look - now_ms();
    struct pollfd what[2] = {{.fd = changes, .events = POLLIN}, {.fd = watch.agent, .events = POLLIN}};
    int ready = poll(what, is_alive ? 2 : 1, !looks ? -1 : left < 0 ? 0 : left > LOOK_EVERY_MS ? LOOK_EVERY_MS : (int)left);

    if (ready < 0)
      continue;
    if (is_alive && what[1].revents != 0)
      agent_died(&watch);
    if (what[0].revents != 0 && list_changed(changes))
      take_list(&watch);
    if (!looks || now_ms() < next_look)
      continue;
    next_look = now_ms() + LOOK_EVERY_MS;
    if (watch.tries_left > 0)
      open_contactors(&watch);
    else if (watch.agent >= 0 && watch.list.closed > 0)
      look(&watch);
  }
  // The agent is not to believe that it is watched.
  unlink(watch.answer_path);
  return 0;
}
