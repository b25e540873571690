/* What wasi-libc lacks: clang lowers both calls to WebAssembly exceptions, served by runtime.c. */
#ifndef TIERLINK_BENCH_SETJMP_H
#define TIERLINK_BENCH_SETJMP_H

typedef struct {
  void *invocation;
  unsigned label;
  struct {
    void *environment;
    int value;
  } thrown;
} jmp_buf[1];

int setjmp(jmp_buf environment) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf environment, int value);

#endif
