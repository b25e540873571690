/* Calls and takes the address of the other file's indirect function. */
int pick(int n);
int call_pick(int n) { return pick(n) * 2; }
int (*pick_address(void))(int) { return pick; }
