inline int square(int n) { return n * n; }
inline int shared(int n) {
  extern int calls;
  return calls++ + n;
}
