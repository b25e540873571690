/* The same inline function in a second file. */
inline int triple(int n) { return n * 3; }
int other(int n) { return triple(n) - n; }
