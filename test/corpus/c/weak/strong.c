/* The strong definitions. */
int overridden(void) { return 100; }
int variable = 1000;
int present(int n) { return n + 1; }
