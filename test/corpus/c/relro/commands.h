struct command {
  const char *name;
  int (*run)(int);
  const int *number;
  const struct command *next;
};
extern const struct command commands[];
extern int *const others_mutable;
extern const char *const inside;
int help(int n);
int quit(int n);
