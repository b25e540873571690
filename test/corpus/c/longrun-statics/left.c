/* Counts in a static variable and in a function's own. */
unsigned long shared(unsigned long n);
static unsigned long calls;

unsigned long left(unsigned long n) {
  static unsigned long history[16];
  calls++;
  history[n % 16] += n;
  return shared(n + history[n % 16]);
}
unsigned long left_calls(void) { return calls; }
