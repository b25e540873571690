/* Installs handlers, and has one. */
#include <signal.h>
#include <string.h>

static volatile sig_atomic_t count;

void other_handler(int number) {
  (void)number;
  count++;
}
int handled(void) { return count; }
void install(int number, void (*handler)(int)) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  sigaction(number, &action, NULL);
}
