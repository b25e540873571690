/* State that the child changes for itself alone. */
static int value = 100;

int state(void) { return value; }
void change(int n) { value += n; }
