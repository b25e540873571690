import { expect, it } from 'vitest';
import { engineFor, examined, linkages, pause } from '../support/engine.js';
import { bitcode } from '../support/toolchain.js';

/** Calls `step` for ever from a loop that never leaves, while other threads wait in every kind of system call. */
const program = `
  #include <errno.h>
  #include <poll.h>
  #include <pthread.h>
  #include <semaphore.h>
  #include <sys/epoll.h>
  #include <sys/select.h>
  #include <time.h>
  #include <unistd.h>
  extern volatile int go; long step(long);
  static volatile int failures; static int never[2];
  static void note(int result, int error) { if (result < 0 && errno == error) __sync_fetch_and_add(&failures, 1); }
  static void *sleeper(void *unused) {
    while (go) { struct timespec t = {0, 700000}; note(nanosleep(&t, 0), EINTR); step(1); } return 0; }
  static void *poller(void *unused) {
    struct pollfd p = {never[0], POLLIN, 0}; while (go) { note(poll(&p, 1, 1), EINTR); step(2); } return 0; }
  static void *selecter(void *unused) {
    while (go) { fd_set s; FD_ZERO(&s); FD_SET(never[0], &s); struct timeval t = {0, 900};
      note(select(never[0] + 1, &s, 0, 0, &t), EINTR); step(3); } return 0; }
  static void *epoller(void *unused) {
    int e = epoll_create1(0); struct epoll_event event = {EPOLLIN, {0}}; epoll_ctl(e, EPOLL_CTL_ADD, never[0], &event);
    while (go) { note(epoll_wait(e, &event, 1, 1), EINTR); step(4); } return 0; }
  static void *semaphore(void *unused) {
    sem_t s; sem_init(&s, 0, 0);
    while (go) { struct timespec t; clock_gettime(CLOCK_REALTIME, &t); t.tv_nsec += 800000;
      if (t.tv_nsec >= 1000000000) { t.tv_sec++; t.tv_nsec -= 1000000000; } note(sem_timedwait(&s, &t), EINTR); step(5); }
    return 0; }
  static void *reader(void *unused) { char c; note(read(never[0], &c, 1), EINTR); return 0; }
  int interrupted(void) { return failures; }
  int main(void) {
    pipe(never);
    void *(*bodies[])(void *) = {sleeper, poller, selecter, epoller, semaphore, reader}; pthread_t threads[6];
    for (int i = 0; i < 6; i++) pthread_create(&threads[i], 0, bodies[i], 0);
    long sum = 0, expected = 0;
    for (long n = 0; go; n++) { sum += step(n); expected += n * 3 + 1; }
    write(never[1], "x", 1);
    for (int i = 0; i < 6; i++) pthread_join(threads[i], 0);
    return sum != expected ? 1 : failures ? 2 : 0;
  }`;

it.each(linkages)(
  'I5: old code is reclaimed while main never returns, and no system call fails because of it (%s)',
  async (linkage) => {
    const engine = engineFor({ linkage });
    engine.addModule('main', bitcode(program));
    engine.addModule(
      'step',
      bitcode('volatile int go = 1; void stop(void) { go = 0; } long step(long n) { return n * 3 + 1; }'),
    );
    await engine.link();
    const running = engine.run();
    await engine.recompile('step', 'quick');
    const { code } = engine.snapshot().memory;
    let most = 0;
    for (let round = 0; round < 150; round += 1) {
      await engine.recompile('step', round % 2 === 0 ? 'optimized' : 'quick');
      for (let look = 0; look < 4; look += 1) engine.reclaim();
      most = Math.max(most, engine.snapshot().retired.length);
    }
    // The loop in main holds its own version, whatever is published; those of step come and go.
    await engine.recompile('main', 'quick');
    await pause(50);
    const { retired, memory, pauses } = await examined(engine, 1);
    expect(retired.map(({ name, hold }) => [name.split(',')[0], hold])).toEqual([
      ['main at baseline', 'referred'],
    ]);
    expect(memory.code - code).toBeLessThan(16_384);
    expect(most).toBeLessThan(20);
    expect(pauses.count).toBeGreaterThan(20);
    engine.fn('stop')();
    expect(await running).toEqual({ how: 'return', status: 0 });
    expect(engine.fn('interrupted')()).toBe(0);
    expect(engine.snapshot().retired).toEqual([]);
  },
  60_000,
);
