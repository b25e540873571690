/* Signals sent to the process come to its own threads: they end pauses and reads, and can be waited for. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_t first;
static volatile sig_atomic_t calls, elsewhere;

static int deeper(int depth) { return depth == 0 ? 0 : 1 + deeper(depth - 1); }

static void count(int number) {
  (void)number;
  calls += deeper(3) - 2;
  elsewhere += !pthread_equal(pthread_self(), first);
}

static void soon(void) {
  const struct itimerval delay = {{0, 0}, {0, 20000}};
  setitimer(ITIMER_REAL, &delay, NULL);
}

static void *waiter(void *set) {
  int number = 0;
  sigwait(set, &number);
  printf("waited for %d\n", number == SIGUSR2);
  return NULL;
}

int main(void) {
  first = pthread_self();
  struct sigaction action = {.sa_handler = count};
  sigaction(SIGALRM, &action, NULL);
  sigaction(SIGCHLD, &action, NULL);

  soon();
  pause();
  printf("pause %d\n", (int)calls);

  int ends[2];
  char byte;
  if (pipe(ends) != 0) return 1;
  soon();
  printf("read %d", (int)read(ends[0], &byte, 1));
  printf(" %d %d\n", errno == EINTR, (int)calls);

  sigset_t blocked, before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGCHLD);
  sigaddset(&blocked, SIGUSR2);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  fflush(stdout);
  if (fork() == 0) _exit(3);
  usleep(20000);
  printf("blocked %d\n", (int)calls);
  sigsuspend(&before);
  int status = 0;
  wait(&status);
  printf("suspended %d, child %d\n", (int)calls, WEXITSTATUS(status));

  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR2);
  pthread_t thread;
  pthread_create(&thread, NULL, waiter, &one);
  fflush(stdout);
  const pid_t self = getpid();
  if (fork() == 0) {
    kill(self, SIGUSR2);
    _exit(0);
  }
  pthread_join(thread, NULL);
  wait(NULL);
  printf("elsewhere %d\n", (int)elsewhere);
  return 0;
}
