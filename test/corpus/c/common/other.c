/* Larger, more aligned, and one real definition. */
int shared;
int sized[100];
char aligned_one __attribute__((aligned(64)));
int defined_elsewhere = 77;

void set(int n) {
  shared = n;
  for (int i = 0; i < 100; i++) sized[i] = n * i;
}
int *shared_address(void) { return &shared; }
int sum(void) {
  int s = 0;
  for (int i = 0; i < 100; i++) s += sized[i];
  return s;
}
