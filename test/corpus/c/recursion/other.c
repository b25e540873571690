/* The other half of each mutual recursion. */
int is_even(int n);
long pong(long n, long sum);

int is_odd(int n) { return n == 0 ? 0 : is_even(n - 1); }
long ping(long n, long sum) {
  if (n == 0) return sum;
  __attribute__((musttail)) return pong(n - 1, sum + n % 7);
}
