/* The strong definition that beats a weak alias. */
int overridden_alias(int n) { return n * 100; }
