#include <stddef.h>

typedef int (*op)(int, int);
struct entry {
  const char *name;
  op run;
};
extern const struct entry table[];
extern const int op_count;
int add(int a, int b);
int multiply(int a, int b);
op find(const char *name);
op from_other(void);
int is_multiply(op f);
op keeps(op f);
void *libc_strlen(void);
int through(op *place, int a, int b);
