/** The five programs of examples/rill/programs in JS, written the same way, with the same results. */
/* eslint-disable @typescript-eslint/no-non-null-assertion -- loops index within bounds, and a check would be measured, too */

interface Body {
  x: number;
  y: number;
  z: number;
  vx: number;
  vy: number;
  vz: number;
  readonly mass: number;
}

/** Position, velocity a day, and mass as a share of the sun's. */
const planets: readonly (readonly [number, number, number, number, number, number, number])[] = [
  [0, 0, 0, 0, 0, 0, 1],
  [
    4.841431442464721, -1.1603200440274284, -0.10362204447112311, 0.001660076642744037, 0.007699011184197404,
    -6.90460016972063e-5, 0.0009547919384243266,
  ],
  [
    8.34336671824458, 4.124798564124305, -0.4035234171143214, -0.0027674251072641117, 0.004998528012349172,
    2.3041729757376393e-5, 0.0002858859806661308,
  ],
  [
    12.89436956213913, -15.111151401698631, -0.22330757889265573, 0.002964601375647616, 0.0023784717395948095,
    -2.9658956854023756e-5, 4.366244043351563e-5,
  ],
  [
    15.379697114850917, -25.919314609987964, 0.17925877295037118, 0.0026806777249038932, 0.001628241700382423,
    -9.515922545197159e-5, 5.1513890204661145e-5,
  ],
];

function system(): Body[] {
  const days = 365.24;
  const bodies = planets.map(([x, y, z, vx, vy, vz, mass]): Body => {
    return { x, y, z, vx: vx * days, vy: vy * days, vz: vz * days, mass: mass * 4 * Math.PI * Math.PI };
  });
  const [sun] = bodies;
  if (sun === undefined) throw new Error('there is a sun');
  const momentum = { x: 0, y: 0, z: 0 };
  for (const { vx, vy, vz, mass } of bodies) {
    momentum.x += vx * mass;
    momentum.y += vy * mass;
    momentum.z += vz * mass;
  }
  sun.vx = -momentum.x / sun.mass;
  sun.vy = -momentum.y / sun.mass;
  sun.vz = -momentum.z / sun.mass;
  return bodies;
}

function advance(bodies: readonly Body[], dt: number): void {
  for (let i = 0; i < bodies.length; i += 1) {
    const a = bodies[i]!;
    for (let j = i + 1; j < bodies.length; j += 1) {
      const b = bodies[j]!;
      const dx = a.x - b.x;
      const dy = a.y - b.y;
      const dz = a.z - b.z;
      const squared = dx * dx + dy * dy + dz * dz;
      const pull = dt / (squared * Math.sqrt(squared));
      const ma = a.mass * pull;
      const mb = b.mass * pull;
      a.vx -= dx * mb;
      a.vy -= dy * mb;
      a.vz -= dz * mb;
      b.vx += dx * ma;
      b.vy += dy * ma;
      b.vz += dz * ma;
    }
  }
  for (const body of bodies) {
    body.x += dt * body.vx;
    body.y += dt * body.vy;
    body.z += dt * body.vz;
  }
}

function energy(bodies: readonly Body[]): number {
  let sum = 0;
  for (const [i, a] of bodies.entries()) {
    sum += 0.5 * a.mass * (a.vx * a.vx + a.vy * a.vy + a.vz * a.vz);
    for (const b of bodies.slice(i + 1)) {
      sum -= (a.mass * b.mass) / Math.hypot(a.x - b.x, a.y - b.y, a.z - b.z);
    }
  }
  return sum;
}

function nbody(steps: number): string {
  const bodies = system();
  const before = energy(bodies);
  for (let step = 0; step < steps; step += 1) advance(bodies, 0.01);
  return `${before.toFixed(9)}\n${energy(bodies).toFixed(9)}\n`;
}

const element = (i: number, j: number): number => 1 / ((((i + j) * (i + j + 1)) >> 1) + i + 1);

function times(v: Float64Array, out: Float64Array): void {
  for (let i = 0; i < v.length; i += 1) {
    let sum = 0;
    for (let j = 0; j < v.length; j += 1) sum += element(i, j) * v[j]!;
    out[i] = sum;
  }
}

function timesTransposed(v: Float64Array, out: Float64Array): void {
  for (let i = 0; i < v.length; i += 1) {
    let sum = 0;
    for (let j = 0; j < v.length; j += 1) sum += element(j, i) * v[j]!;
    out[i] = sum;
  }
}

function spectralNorm(n: number): string {
  const u = new Float64Array(n).fill(1);
  const v = new Float64Array(n);
  const between = new Float64Array(n);
  for (let i = 0; i < 10; i += 1) {
    times(u, between);
    timesTransposed(between, v);
    times(v, between);
    timesTransposed(between, u);
  }
  let uv = 0;
  let vv = 0;
  for (let i = 0; i < n; i += 1) {
    uv += u[i]! * v[i]!;
    vv += v[i]! * v[i]!;
  }
  return `${Math.sqrt(uv / vv).toFixed(9)}\n`;
}

function flips(order: Int32Array, work: Int32Array): number {
  for (let i = 0; i < order.length; i += 1) work[i] = order[i]!;
  let count = 0;
  while (work[0] !== 0) {
    let low = 0;
    let high = work[0]!;
    while (low < high) {
      const kept = work[low]!;
      work[low] = work[high]!;
      work[high] = kept;
      low += 1;
      high -= 1;
    }
    count += 1;
  }
  return count;
}

function fannkuch(n: number): string {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  const work = new Int32Array(n);
  const turns = new Int32Array(n);
  let most = 0;
  let checksum = 0;
  for (let index = 0, r = n; ; index += 1) {
    for (; r !== 1; r -= 1) turns[r - 1] = r;
    const count = flips(order, work);
    most = Math.max(most, count);
    checksum += index % 2 === 0 ? count : -count;
    for (;;) {
      if (r === n) return `${String(checksum)}\nPfannkuchen(${String(n)}) = ${String(most)}\n`;
      const first = order[0]!;
      for (let i = 0; i < r; i += 1) order[i] = order[i + 1]!;
      order[r] = first;
      const left = turns[r]! - 1;
      turns[r] = left;
      if (left > 0) break;
      r += 1;
    }
  }
}

interface Tree {
  readonly left: Tree | null;
  readonly right: Tree | null;
}

function bottomUp(depth: number): Tree {
  return depth === 0
    ? { left: null, right: null }
    : { left: bottomUp(depth - 1), right: bottomUp(depth - 1) };
}

function check({ left, right }: Tree): number {
  return left === null || right === null ? 1 : 1 + check(left) + check(right);
}

function binaryTrees(n: number): string {
  const least = 4;
  const most = Math.max(n, least + 2);
  let out = `stretch tree of depth ${String(most + 1)}\t check: ${String(check(bottomUp(most + 1)))}\n`;
  const lasting = bottomUp(most);
  for (let depth = least; depth <= most; depth += 2) {
    const count = 1 << (most - depth + least);
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum += check(bottomUp(depth));
    out += `${String(count)}\t trees of depth ${String(depth)}\t check: ${String(sum)}\n`;
  }
  return `${out}long lived tree of depth ${String(most)}\t check: ${String(check(lasting))}\n`;
}

/** The bitmap's bytes, without its head. */
function row(y: number, n: number, put: (bits: number) => void): void {
  const ci = (2 * y) / n - 1;
  let bits = 0;
  for (let x = 0; x < n; x += 1) {
    const cr = (2 * x) / n - 1.5;
    let zr = 0;
    let zi = 0;
    let zr2 = 0;
    let zi2 = 0;
    for (let i = 0; i < 50 && zr2 + zi2 <= 4; i += 1) {
      zi = 2 * zr * zi + ci;
      zr = zr2 - zi2 + cr;
      zr2 = zr * zr;
      zi2 = zi * zi;
    }
    bits = (bits << 1) | (zr2 + zi2 <= 4 ? 1 : 0);
    if (x % 8 === 7) {
      put(bits & 255);
      bits = 0;
    } else if (x === n - 1) put((bits << (7 - (x % 8))) & 255);
  }
}

function mandelbrot(n: number): string {
  let a = 1;
  let b = 0;
  for (let y = 0; y < n; y += 1) {
    row(y, n, (bits) => {
      a = (a + bits) % 65521;
      b = (b + a) % 65521;
    });
  }
  return `${String(b * 65536 + a)}\n`;
}

/** Each program by its file's name. */
export const kernels: Readonly<Record<string, (n: number) => string>> = {
  nbody,
  'spectral-norm': spectralNorm,
  fannkuch,
  'binary-trees': binaryTrees,
  mandelbrot,
};
