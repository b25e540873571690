/* The same names as in main.c, and none of the same objects. */
static int counter;
static int table[64];

static int next(void) {
  static int calls = 1000;
  return calls++;
}

int bump(void) {
  counter += next() % 3;
  return counter;
}

int *where(void) { return &counter; }

void fill(int value) {
  for (int i = 0; i < 64; i++) table[i] = value * i;
}

int total(void) {
  int sum = 0;
  for (int i = 0; i < 64; i++) sum += table[i];
  return sum + next();
}
