typedef unsigned (*work)(unsigned);
unsigned turn(unsigned n);
work from_table(int i);
int is_same(int i, work f);
