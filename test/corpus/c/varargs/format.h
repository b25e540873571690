#include <stdarg.h>

int write_form(const char *form, ...);
int write_list(const char *form, va_list list);
