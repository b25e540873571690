/* The same names again; a constructor that must run once only. */
static unsigned long calls;
static unsigned long shared_count;
int initialisations;

__attribute__((constructor)) static void initialise(void) { initialisations++; }

unsigned long shared(unsigned long n) {
  shared_count++;
  return n * 2862933555777941757UL + 3037000493UL;
}
unsigned long right(unsigned long n) {
  calls++;
  return shared(n ^ calls);
}
unsigned long right_calls(void) { return calls; }
unsigned long shared_calls(void) { return shared_count; }
