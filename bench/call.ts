/** What does a call from JS into a compiled function cost, beside a plain JS function and a WebAssembly export? */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import Benchmark from 'benchmark';
import { createEngine } from '../src/index.js';
import { print, type Row } from './report.js';
import { readWords } from './words.js';

type Adder = (a: number, b: number) => unknown;

const names = ['tierlink', 'JS function', 'WebAssembly export'] as const;
const ir = 'define double @add(double %a, double %b) {\n  %sum = fadd double %a, %b\n  ret double %sum\n}\n';
/** (func (export "add") (param f64 f64) (result f64) local.get 0 local.get 1 f64.add) */
const wasm = Uint8Array.from([
  0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00, 0x01, 0x07, 0x01, 0x60, 0x02, 0x7c, 0x7c, 0x01, 0x7c, 0x03,
  0x02, 0x01, 0x00, 0x07, 0x07, 0x01, 0x03, 0x61, 0x64, 0x64, 0x00, 0x00, 0x0a, 0x09, 0x01, 0x07, 0x00, 0x20,
  0x00, 0x20, 0x01, 0xa0, 0x0b,
]);

/** Nanoseconds a call. The loop is inside what is measured, as the package's own cost is above that of a call. */
function measure(name: string, add: Adder): number {
  const calls = 1000;
  const bench = new Benchmark(
    name,
    () => {
      for (let i = 0; i < calls; i += 1) add(i, 1);
    },
    { maxTime: 1 },
  );
  bench.run();
  return (bench.stats.mean * 1e9) / calls;
}

async function trial(): Promise<number[]> {
  const engine = createEngine({ unit: 'module', control: 'inline', tiers: ['optimized'], policy: 'never' });
  engine.addModule('adder', { ir });
  await engine.link();
  const exported = new WebAssembly.Instance(new WebAssembly.Module(wasm)).exports['add'] as Adder;
  const adders: Record<(typeof names)[number], Adder> = {
    tierlink: engine.fn('add'),
    'JS function': (a, b) => a + b,
    'WebAssembly export': exported,
  };
  const times = names.map((name) => measure(name, adders[name]));
  await engine.dispose();
  return times;
}

if (process.argv[2] === '--trial') {
  process.stdout.write(JSON.stringify(await trial()));
} else {
  const { asJson, runs } = readWords(5);
  const samples: number[][] = names.map(() => []);
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`round ${String(run)} of ${String(runs)}\n`);
    const output = execFileSync(process.execPath, [fileURLToPath(import.meta.url), '--trial'], {
      encoding: 'utf8',
    });
    // Safe because the child is this file.
    for (const [index, time] of (JSON.parse(output) as number[]).entries()) samples[index]?.push(time);
  }
  const rows = names.map((name, index): Row => {
    return { name, role: index === 0 ? 'subject' : 'peer', samples: [samples[index] ?? []] };
  });
  print(
    { question: 'A call from JS: add two doubles', unit: 'ns', columns: ['call'], rows, absent: [] },
    asJson,
  );
}
