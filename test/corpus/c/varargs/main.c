/* Variable arguments of every class, more than the registers hold, copied, passed on, in both directions across files. */
#include <stdarg.h>
#include <stdio.h>
#include "format.h"

struct pair {
  long a, b;
};
struct large {
  int v[10];
};

static double mixed(int n, ...) {
  va_list list;
  va_start(list, n);
  double sum = 0;
  for (int i = 0; i < n; i++) {
    if (i % 3 == 0) sum += va_arg(list, int);
    if (i % 3 == 1) sum += va_arg(list, double);
    if (i % 3 == 2) sum += (double)va_arg(list, long long);
  }
  va_end(list);
  return sum;
}

static long aggregates(int n, ...) {
  va_list list;
  va_start(list, n);
  long sum = 0;
  for (int i = 0; i < n; i++) {
    struct pair p = va_arg(list, struct pair);
    struct large l = va_arg(list, struct large);
    long double d = va_arg(list, long double);
    sum += p.a * p.b + l.v[9] + (long)d;
  }
  va_end(list);
  return sum;
}

static int twice(const char *form, ...) {
  va_list list, copy;
  va_start(list, form);
  va_copy(copy, list);
  int first = write_list(form, list);
  int second = write_list(form, copy);
  va_end(copy);
  va_end(list);
  return first + second;
}

static int forward(const char *form, ...) {
  char text[64];
  va_list list;
  va_start(list, form);
  int n = vsnprintf(text, sizeof text, form, list);
  va_end(list);
  return write_form("[%s]\n", text) + n;
}

int main(void) {
  int (*writer)(const char *, ...) = write_form;
  write_form("%d %s %f %c %x %% %p\n", -42, "text", 2.5, 'z', 255, (void *)0);
  writer("%d %d %d %d %d %d %d %d %d\n", 1, 2, 3, 4, 5, 6, 7, 8, 9);
  writer("%f %f %f %f %f %f %f %f %f %f\n", .5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 9.5);
  writer("%d %f %s %d %f %s %d %f %s %d %f %s\n", 1, 1.25, "a", 2, 2.25, "b", 3, 3.25, "c", 4, 4.25, "d");
  printf("%.2f\n", mixed(12, 1, 2.5, 3LL, 4, 5.5, 6LL, 7, 8.5, 9LL, 10, 11.5, 12LL));
  struct large l = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}};
  struct pair p = {6, 7};
  printf("%ld\n", aggregates(3, p, l, 1.5L, p, l, 2.5L, p, l, 3.5L));
  printf("%d\n", twice("%d-%s-%f\n", 5, "copy", 0.25));
  printf("%d\n", forward("%d|%5.1f|%s", 3, 1.25, "on"));
  long sum = 0;
  for (int i = 0; i < 3000; i++) sum += (long)mixed(3, i, i / 2.0, (long long)i * 2);
  printf("%ld\n", sum);
  return 0;
}
