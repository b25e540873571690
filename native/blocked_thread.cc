// Job: reads /proc/self/task/<tid>/syscall and status.
#include "blocked_thread.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace tierlink {
namespace {

constexpr size_t fileBytes = 4096;

// The whole file as text; empty if it can't be read.
bool readTaskFile(pid_t tid, const char *name, char (&text)[fileBytes]) {
  char path[64];
  snprintf(path, sizeof path, "/proc/self/task/%d/%s", static_cast<int>(tid), name);
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0)
    return false;
  const ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  text[bytes > 0 ? bytes : 0] = '\0';
  return bytes > 0;
}

uint64_t countAfter(const char *text, const char *label) {
  const char *found = strstr(text, label);
  return found == nullptr ? 0 : strtoull(found + strlen(label), nullptr, 10);
}

} // namespace

BlockedThread BlockedThread::look(pid_t tid) {
  BlockedThread seen;
  char text[fileBytes];
  // The counts first: what happens between the two reads then shows in the next look.
  if (!readTaskFile(tid, "status", text))
    return seen;
  // The second label ends in the first, so it is looked for first.
  const char *voluntary = strstr(text, "\nvoluntary_ctxt_switches:");
  if (voluntary == nullptr)
    return seen;
  seen.switches = countAfter(voluntary, "\nvoluntary_ctxt_switches:") +
                  countAfter(voluntary, "\nnonvoluntary_ctxt_switches:");
  if (!readTaskFile(tid, "syscall", text))
    return seen;
  if (strncmp(text, "running", 7) == 0) {
    seen.state = State::Running;
    return seen;
  }
  char *at = text;
  seen.systemCall = strtol(at, &at, 10);
  // Number -1: it waits, but not in a call (a page fault, say), and only two words follow.
  if (seen.systemCall >= 0)
    for (uintptr_t &argument : seen.arguments)
      argument = strtoull(at, &at, 16);
  seen.stackPointer = strtoull(at, &at, 16);
  seen.programCounter = strtoull(at, &at, 16);
  // Zero: the kernel hides addresses from this process.
  if (seen.systemCall >= 0 && seen.stackPointer != 0)
    seen.state = State::Blocked;
  return seen;
}

bool blocksSignal(pid_t tid, int signal) {
  char text[fileBytes];
  const char *label = "\nSigBlk:";
  const char *found = readTaskFile(tid, "status", text) ? strstr(text, label) : nullptr;
  return found == nullptr || ((strtoull(found + strlen(label), nullptr, 16) >> (signal - 1)) & 1) != 0;
}

} // namespace tierlink
