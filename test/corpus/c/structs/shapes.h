struct small {
  int a, b;
};
struct mixed {
  int i;
  double d;
};
struct floats {
  float a, b;
};
struct large {
  int v[16], n;
};
struct one {
  char c;
};
struct small make_small(int a, int b);
struct mixed make_mixed(int i, double d);
struct floats make_floats(float a, float b);
struct large make_large(int n);
struct one make_one(char c);
struct large twist(struct large l, struct small s, struct mixed m, struct floats f, struct one o, int k);
int sum_large(struct large l);
double many(struct small a, struct mixed b, struct floats c, struct small d, struct mixed e, struct floats f, struct small g, struct mixed h,
            struct floats i, struct one j);
int accept_const(const struct small s);
