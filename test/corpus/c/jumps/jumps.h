#include <setjmp.h>

extern jmp_buf outer;
void throw_code(int code);
int descend(int code, int levels);
