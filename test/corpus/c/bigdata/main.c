/* Large data: 8 MiB of zeros, a large initialised array, a large constant, shared by two files. */
#include <stdio.h>

char zeros[8 << 20];
static long local_zeros[1 << 17];
int initialised[5000] = {[0] = 1, [2500] = 2500, [4999] = 4999};
extern const unsigned short squares[256];
extern char more[3 << 20];
long checksum(void);
char *end_of_zeros(void);

int main(void) {
  long sum = 0;
  for (unsigned i = 0; i < sizeof zeros; i += 4096) sum += zeros[i];
  printf("%ld\n", sum);
  for (unsigned i = 0; i < sizeof zeros; i += 1024) zeros[i] = (char)(i >> 10);
  for (int i = 0; i < 1 << 17; i++) local_zeros[i] += i * 3L;
  printf("%ld %ld\n", checksum(), local_zeros[(1 << 17) - 1]);
  printf("%d %d %d %d\n", initialised[0], initialised[1], initialised[2500], initialised[4999]);
  printf("%d %d\n", squares[255], squares[16]);
  *end_of_zeros() = 99;
  printf("%d\n", zeros[sizeof zeros - 1]);
  more[(3 << 20) - 1] = 1;
  printf("%d %d\n", more[0], more[(3 << 20) - 1]);
  return 0;
}
