/* The five programs of examples/rill/programs in C: `kernels NAME N PASSES` prints each pass in one line. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Each writes its result with | for the ends of lines. */
typedef void kernel(long n, FILE *out);

struct body { double x, y, z, vx, vy, vz, mass; };

static const double planets[5][7] = {
    {0, 0, 0, 0, 0, 0, 1},
    {4.84143144246472090e+00, -1.16032004402742839e+00, -1.03622044471123109e-01, 1.66007664274403694e-03,
     7.69901118419740425e-03, -6.90460016972063023e-05, 9.54791938424326609e-04},
    {8.34336671824457987e+00, 4.12479856412430479e+00, -4.03523417114321381e-01, -2.76742510726411160e-03,
     4.99852801234917238e-03, 2.30417297573763929e-05, 2.85885980666130812e-04},
    {1.28943695621391310e+01, -1.51111514016986312e+01, -2.23307578892655734e-01, 2.96460137564761618e-03,
     2.37847173959480950e-03, -2.96589568540237556e-05, 4.36624404335156298e-05},
    {1.53796971148509165e+01, -2.59193146099879641e+01, 1.79258772950371181e-01, 2.68067772490389322e-03,
     1.62824170038242295e-03, -9.51592254519715870e-05, 5.15138902046611451e-05}};

static void advance(struct body *bodies, int count, double dt) {
  for (int i = 0; i < count; i++) {
    struct body *a = &bodies[i];
    for (int j = i + 1; j < count; j++) {
      struct body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      double squared = dx * dx + dy * dy + dz * dz;
      double pull = dt / (squared * sqrt(squared)), ma = a->mass * pull, mb = b->mass * pull;
      a->vx -= dx * mb;
      a->vy -= dy * mb;
      a->vz -= dz * mb;
      b->vx += dx * ma;
      b->vy += dy * ma;
      b->vz += dz * ma;
    }
  }
  for (int i = 0; i < count; i++) {
    bodies[i].x += dt * bodies[i].vx;
    bodies[i].y += dt * bodies[i].vy;
    bodies[i].z += dt * bodies[i].vz;
  }
}

static double energy(const struct body *bodies, int count) {
  double sum = 0;
  for (int i = 0; i < count; i++) {
    const struct body *a = &bodies[i];
    sum += 0.5 * a->mass * (a->vx * a->vx + a->vy * a->vy + a->vz * a->vz);
    for (int j = i + 1; j < count; j++) {
      const struct body *b = &bodies[j];
      double dx = a->x - b->x, dy = a->y - b->y, dz = a->z - b->z;
      sum -= a->mass * b->mass / sqrt(dx * dx + dy * dy + dz * dz);
    }
  }
  return sum;
}

static void nbody(long steps, FILE *out) {
  struct body bodies[5];
  const double sun = 4 * 3.141592653589793 * 3.141592653589793, days = 365.24;
  double px = 0, py = 0, pz = 0;
  for (int i = 0; i < 5; i++) {
    const double *p = planets[i];
    bodies[i] = (struct body){p[0], p[1], p[2], p[3] * days, p[4] * days, p[5] * days, p[6] * sun};
    px += bodies[i].vx * bodies[i].mass;
    py += bodies[i].vy * bodies[i].mass;
    pz += bodies[i].vz * bodies[i].mass;
  }
  bodies[0].vx = -px / sun;
  bodies[0].vy = -py / sun;
  bodies[0].vz = -pz / sun;
  fprintf(out, "%.9f|", energy(bodies, 5));
  for (long i = 0; i < steps; i++) advance(bodies, 5, 0.01);
  fprintf(out, "%.9f|", energy(bodies, 5));
}

static double element(long i, long j) { return 1.0 / (double)((i + j) * (i + j + 1) / 2 + i + 1); }

static void times(long n, const double *v, double *out) {
  for (long i = 0; i < n; i++) {
    out[i] = 0;
    for (long j = 0; j < n; j++) out[i] += element(i, j) * v[j];
  }
}

static void timesTransposed(long n, const double *v, double *out) {
  for (long i = 0; i < n; i++) {
    out[i] = 0;
    for (long j = 0; j < n; j++) out[i] += element(j, i) * v[j];
  }
}

static void spectralNorm(long n, FILE *out) {
  double *u = malloc(sizeof *u * n), *v = calloc(n, sizeof *v), *between = calloc(n, sizeof *v), uv = 0, vv = 0;
  for (long i = 0; i < n; i++) u[i] = 1;
  for (int i = 0; i < 10; i++) {
    times(n, u, between);
    timesTransposed(n, between, v);
    times(n, v, between);
    timesTransposed(n, between, u);
  }
  for (long i = 0; i < n; i++) {
    uv += u[i] * v[i];
    vv += v[i] * v[i];
  }
  fprintf(out, "%.9f|", sqrt(uv / vv));
  free(u);
  free(v);
  free(between);
}

static long flips(long n, const long *order, long *work) {
  long count = 0;
  memcpy(work, order, sizeof *work * n);
  while (work[0] != 0) {
    for (long low = 0, high = work[0]; low < high; low++, high--) {
      long kept = work[low];
      work[low] = work[high];
      work[high] = kept;
    }
    count++;
  }
  return count;
}

static void fannkuch(long n, FILE *out) {
  long order[16], work[16], turns[16], most = 0, checksum = 0, r = n;
  for (long i = 0; i < n; i++) order[i] = i;
  for (long index = 0;; index++) {
    for (; r != 1; r--) turns[r - 1] = r;
    long count = flips(n, order, work);
    if (count > most) most = count;
    checksum += index % 2 == 0 ? count : -count;
    for (;; r++) {
      if (r == n) {
        fprintf(out, "%ld|Pfannkuchen(%ld) = %ld|", checksum, n, most);
        return;
      }
      long first = order[0];
      memmove(order, order + 1, sizeof *order * r);
      order[r] = first;
      if (--turns[r] > 0) break;
    }
  }
}

struct tree { struct tree *left, *right; };

static struct tree *bottomUp(int depth) {
  struct tree *made = malloc(sizeof *made);
  made->left = depth == 0 ? NULL : bottomUp(depth - 1);
  made->right = depth == 0 ? NULL : bottomUp(depth - 1);
  return made;
}

static long check(const struct tree *tree) {
  return tree->left == NULL ? 1 : 1 + check(tree->left) + check(tree->right);
}

static long checkAndFree(struct tree *tree) {
  long sum = 1;
  if (tree->left != NULL) sum += checkAndFree(tree->left) + checkAndFree(tree->right);
  free(tree);
  return sum;
}

static void binaryTrees(long n, FILE *out) {
  int least = 4, most = n < least + 2 ? least + 2 : (int)n;
  fprintf(out, "stretch tree of depth %d\t check: %ld|", most + 1, checkAndFree(bottomUp(most + 1)));
  struct tree *lasting = bottomUp(most);
  for (int depth = least; depth <= most; depth += 2) {
    long count = 1L << (most - depth + least), sum = 0;
    for (long i = 0; i < count; i++) sum += checkAndFree(bottomUp(depth));
    fprintf(out, "%ld\t trees of depth %d\t check: %ld|", count, depth, sum);
  }
  fprintf(out, "long lived tree of depth %d\t check: %ld|", most, check(lasting));
  checkAndFree(lasting);
}

static void mandelbrot(long n, FILE *out) {
  long a = 1, b = 0;
  for (long y = 0; y < n; y++) {
    double ci = 2.0 * (double)y / (double)n - 1.0;
    long bits = 0;
    for (long x = 0; x < n; x++) {
      double cr = 2.0 * (double)x / (double)n - 1.5, zr = 0, zi = 0, zr2 = 0, zi2 = 0;
      for (int i = 0; i < 50 && zr2 + zi2 <= 4.0; i++) {
        zi = 2.0 * zr * zi + ci;
        zr = zr2 - zi2 + cr;
        zr2 = zr * zr;
        zi2 = zi * zi;
      }
      bits = bits << 1 | (zr2 + zi2 <= 4.0);
      if (x % 8 != 7 && x != n - 1) continue;
      a = (a + (bits << (7 - x % 8) & 255)) % 65521;
      b = (b + a) % 65521;
      bits = 0;
    }
  }
  fprintf(out, "%ld|", b * 65536 + a);
}

int main(int argc, char **argv) {
  static const struct { const char *name; kernel *run; } kernels[] = {
      {"nbody", nbody}, {"spectral-norm", spectralNorm}, {"fannkuch", fannkuch},
      {"binary-trees", binaryTrees}, {"mandelbrot", mandelbrot}};
  for (size_t i = 0; argc == 4 && i < sizeof kernels / sizeof *kernels; i++) {
    if (strcmp(kernels[i].name, argv[1]) != 0) continue;
    for (long pass = atol(argv[3]); pass > 0; pass--) {
      kernels[i].run(atol(argv[2]), stdout);
      putchar('\n');
      fflush(stdout);
    }
    return 0;
  }
  return 1;
}
