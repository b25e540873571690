/* The runtime that clang's -wasm-enable-sjlj expects, and the few functions of the C library that WASI can't
 * have. */
#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdio.h>

enum { longjmp_tag = 1 }; /* the index that the compiler uses for the tag __c_longjmp */

void __wasm_setjmp(void *environment, unsigned label, void *invocation) {
  jmp_buf *buffer = environment;
  (*buffer)->invocation = invocation;
  (*buffer)->label = label;
}

unsigned __wasm_setjmp_test(void *environment, void *invocation) {
  jmp_buf *buffer = environment;
  return (*buffer)->invocation == invocation ? (*buffer)->label : 0;
}

void __wasm_longjmp(void *environment, int value) {
  jmp_buf *buffer = environment;
  (*buffer)->thrown.environment = environment;
  (*buffer)->thrown.value = value == 0 ? 1 : value;
  __builtin_wasm_throw(longjmp_tag, &(*buffer)->thrown);
}

int system(const char *command) {
  (void)command;
  errno = ENOSYS;
  return -1;
}

FILE *tmpfile(void) {
  errno = ENOSYS;
  return NULL;
}

char *tmpnam(char *name) {
  (void)name;
  return NULL;
}
