/* What signals do that the program has said nothing about, and where a constructor has said it; ends by SIGUSR1. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

static void caught(int number) { (void)number; }

__attribute__((constructor)) static void early(void) {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGTERM, caught);
}

static const char *disposition(int number) {
  struct sigaction now;
  if (sigaction(number, NULL, &now) != 0) return "unknown";
  if (now.sa_handler == SIG_DFL) return "default";
  if (now.sa_handler == SIG_IGN) return "ignored";
  return now.sa_handler == caught ? "caught" : "foreign";
}

int main(void) {
  const int numbers[] = {SIGINT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2, SIGXFSZ, SIGALRM, SIGCHLD};
  for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++)
    printf("%s: %s\n", strsignal(numbers[i]), disposition(numbers[i]));
  printf("%d\n", signal(SIGINT, caught) == SIG_DFL);
  fflush(stdout);
  raise(SIGUSR1);
  return 0;
}
