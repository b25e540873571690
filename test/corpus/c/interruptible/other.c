/* Something to be busy with. */
int spin(int n) {
  for (int i = 0; i < 1000; i++) n = (n * 31 + 7) % 10007;
  return n;
}
