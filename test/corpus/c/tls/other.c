/* A thread-local of this file, and one inside a function. */
_Thread_local int elsewhere = 100;

int *elsewhere_address(void) { return &elsewhere; }
int bump(void) {
  static _Thread_local int bumps;
  return ++bumps;
}
