struct entry {
  const char *name;
  int (*run)(void);
};
#define ENTRY(name, value)                                                                                             \
  static int run_##name(void) { return value; }                                                                       \
  static const struct entry entry_##name __attribute__((used, section("entries"))) = {#name, run_##name}
