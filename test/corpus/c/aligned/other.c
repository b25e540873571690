/* The same from a second file. */
#include <stdint.h>

_Alignas(64) int others_line = 2;
_Alignas(4096) char others_page[5000] = "page";
extern int line;
extern const double constant[4];

int check(void) { return (uintptr_t)&line % 64 == 0 && (uintptr_t)constant % 32 == 0 && others_page[3] == 'e'; }
