/* Signals of the program's own: raise, sigaction, masks, a handler that jumps out, a fault that is caught. */
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t seen;
static sigjmp_buf back;

void install(int number, void (*handler)(int));
int handled(void);
void other_handler(int number);

static void count(int number) { seen += number == SIGUSR1 ? 1 : 100; }
static void leave(int number) { siglongjmp(back, number); }
static void detail(int number, siginfo_t *info, void *context) {
  (void)context;
  seen += number == SIGUSR2 && info->si_pid == getpid() ? 1000 : 0;
}

int main(void) {
  install(SIGUSR1, count);
  for (int i = 0; i < 50; i++) raise(SIGUSR1);
  printf("%d\n", (int)seen);
  install(SIGUSR2, other_handler);
  raise(SIGUSR2);
  raise(SIGUSR2);
  printf("%d %d\n", (int)seen, handled());
  struct sigaction action, previous;
  memset(&action, 0, sizeof action);
  action.sa_sigaction = detail;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGUSR2, &action, &previous);
  printf("%d\n", previous.sa_handler == other_handler);
  raise(SIGUSR2);
  printf("%d\n", (int)seen);
  sigset_t block, before, pending;
  sigemptyset(&block);
  sigaddset(&block, SIGUSR1);
  sigprocmask(SIG_BLOCK, &block, &before);
  raise(SIGUSR1);
  sigpending(&pending);
  printf("%d %d\n", (int)seen, sigismember(&pending, SIGUSR1));
  sigprocmask(SIG_SETMASK, &before, NULL);
  printf("%d\n", (int)seen);
  signal(SIGUSR1, SIG_IGN);
  raise(SIGUSR1);
  printf("%d\n", (int)seen);
  install(SIGTERM, leave);
  int got = sigsetjmp(back, 1);
  if (got == 0) raise(SIGTERM);
  printf("left by %d\n", got == SIGTERM);
  install(SIGSEGV, leave);
  for (volatile int i = 0; i < 3; i++) {
    got = sigsetjmp(back, 1);
    if (got == 0) *(volatile int *)8 = i;
    printf("fault %d\n", got == SIGSEGV);
  }
  return 0;
}
