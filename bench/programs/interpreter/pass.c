/* Runs three programs: calls, arrays, arithmetic. */
#include "../passes.h"
#include "machine.h"

/* Fibonacci numbers, by calling itself twice. */
static const char recursion[] = "push 21 call fib stop "
                                "fib: load 0 push 2 less unless more load 0 return "
                                "more: load 0 push 1 subtract call fib load 0 push 2 subtract call fib add return";

/* Counts primes, by crossing out. */
static const char sieve[] = "push 20000 array store 0 push 2 store 1 push 0 store 3 "
                            "next: load 1 push 20000 less unless done "
                            "load 0 load 1 get push 0 equal unless on load 3 push 1 add store 3 load 1 store 2 "
                            "cross: load 2 push 20000 less unless on "
                            "load 0 load 2 push 1 set load 2 load 1 add store 2 jump cross "
                            "on: load 1 push 1 add store 1 jump next "
                            "done: load 3 stop";

/* Steps of all rows of Collatz that begin below a number. */
static const char collatz[] = "push 1 store 0 push 0 store 2 "
                              "row: load 0 push 1500 less unless done load 0 store 1 "
                              "step: push 1 load 1 less unless end load 2 push 1 add store 2 "
                              "load 1 push 2 modulo unless even load 1 push 3 multiply push 1 add store 1 jump step "
                              "even: load 1 push 2 divide store 1 jump step "
                              "end: load 0 push 1 add store 0 jump row "
                              "done: load 2 stop";

enum { most = 160 };
static int32_t codes[3][most];

void prepare(void) {
  assemble(recursion, codes[0], most);
  assemble(sieve, codes[1], most);
  assemble(collatz, codes[2], most);
}

uint64_t pass(void) {
  uint64_t sum = 0;
  for (int at = 0; at < 3; at++) {
    sum = mix(sum, (uint64_t)run(codes[at]).integer);
    arrays_free();
  }
  return sum;
}
