/* Over-aligned variables, initialised, zero, constant and static, up to a page; sections of their own. */
#include <stdint.h>
#include <stdio.h>

_Alignas(64) int line = 1;
_Alignas(64) static char zero[100];
_Alignas(4096) char page[10];
_Alignas(32) const double constant[4] = {1, 2, 3, 4};
_Alignas(128) static const char text[] = "aligned text";
static char odd = 'o';
int placed __attribute__((section("own_section"))) = 12;
const int placed_constant __attribute__((section(".own.constants"))) = 13;
extern int others_line;
extern char others_page[];
int check(void);

typedef float vector __attribute__((vector_size(16)));
vector v = {1, 2, 3, 4};
static vector w;

static int misaligned(const volatile void *p, unsigned n) { return (uintptr_t)p % n != 0; }

int main(void) {
  printf("%d\n", misaligned(&line, 64) + misaligned(zero, 64) + misaligned(page, 4096) + misaligned(constant, 32) + misaligned(text, 128));
  printf("%d %d\n", misaligned(&others_line, 64) + misaligned(others_page, 4096), check());
  w = v * v + v;
  printf("%.0f %.0f %d\n", (double)w[0], (double)w[3], misaligned(&w, 16));
  placed += line + others_line + odd;
  printf("%d %d %.0f %s\n", placed, placed_constant, constant[3], text);
  return 0;
}
