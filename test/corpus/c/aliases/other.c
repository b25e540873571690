/* Uses the aliases of main.c and has a weak one that is overridden there in over.c. */
int work_alias(int n);
extern int numbers_alias[4];

int call_alias(int n) { return work_alias(n); }
int *numbers_from_there(void) { return numbers_alias; }
int (*alias_from_there(void))(int) { return work_alias; }

static int plain(int n) { return n + 1; }
int elsewhere(int n) __attribute__((alias("plain")));
int overridden_alias(int n) __attribute__((weak, alias("plain")));
