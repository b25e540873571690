/* kill with the process's own number: in a program of one thread the handler has run before kill returns. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t seen, sender;

static void handler(int number, siginfo_t *info, void *context) {
  (void)context;
  seen += number == SIGUSR2;
  sender = info->si_pid;
}

int main(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = handler;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR2, &action, NULL);
  int late = 0;
  for (int i = 1; i <= 200; i++) {
    kill(getpid(), SIGUSR2);
    late += seen != i;
  }
  printf("%d %d\n", late, sender == getpid());
  return 0;
}
