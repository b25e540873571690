/* A small printf of its own. */
#include "format.h"
#include <stdio.h>

static int put_number(unsigned long n, unsigned base) {
  int count = 1;
  if (n >= base) count += put_number(n / base, base);
  putchar("0123456789abcdef"[n % base]);
  return count;
}

int write_list(const char *form, va_list list) {
  int count = 0;
  for (; *form; form++) {
    if (*form != '%') {
      putchar(*form);
      count++;
      continue;
    }
    switch (*++form) {
    case 'd': {
      int n = va_arg(list, int);
      if (n < 0) {
        putchar('-');
        count++;
      }
      count += put_number(n < 0 ? -(unsigned long)n : (unsigned long)n, 10);
      break;
    }
    case 'x': count += put_number(va_arg(list, unsigned), 16); break;
    case 'p': {
      void *pointer = va_arg(list, void *);
      if (pointer) count += put_number((unsigned long)pointer, 16);
      else count += printf("null");
      break;
    }
    case 'c': putchar(va_arg(list, int)); count++; break;
    case 's':
      for (const char *s = va_arg(list, const char *); *s; s++, count++) putchar(*s);
      break;
    case 'f': {
      double d = va_arg(list, double);
      unsigned long hundredths = (unsigned long)(d * 100 + 0.5);
      count += put_number(hundredths / 100, 10) + 3;
      putchar('.');
      putchar('0' + (int)(hundredths / 10 % 10));
      putchar('0' + (int)(hundredths % 10));
      break;
    }
    default: putchar(*form); count++;
    }
  }
  return count;
}

int write_form(const char *form, ...) {
  va_list list;
  va_start(list, form);
  int count = write_list(form, list);
  va_end(list);
  return count;
}
