/** `tierlink experiment`: trials in processes, their traces, what is made of them, and replays. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTrace, policyOf, replay } from '../../src/index.js';
import { shippedTiers } from '../../tiers/recipes.js';
import { bitcode, root, scratch } from '../support/toolchain.js';

const command = join(root, 'dist/src/main.cjs');

const marked = bitcode(`
  #include <stdlib.h>
  void mark(void);
  __attribute__((noinline)) static unsigned mix(unsigned x) {
    for (int i = 0; i < 100; i++) x = (x ^ (x >> 15)) * 2654435761u + i;
    return x;
  }
  int main(int argc, char **argv) {
    unsigned x = 1;
    for (int i = 0; i < atoi(argv[1]); i++) { for (int k = 0; k < 500; k++) x = mix(x); mark(); }
    return x == 0;
  }
`);

const writing = bitcode(`
  #include <stdio.h>
  __attribute__((noinline)) static unsigned mix(unsigned x) {
    for (int i = 0; i < 100; i++) x = (x ^ (x >> 15)) * 2654435761u + i;
    return x;
  }
  int main(void) {
    unsigned x = getchar();
    for (int i = 0; i < 300; i++) { for (int k = 0; k < 500; k++) x = mix(x); printf("%u\\n", x); }
    return 3;
  }
`);

interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function tierlink(folder: string, ...args: readonly string[]): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'experiment', ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** A folder with both programs and a description. */
function folderWith(file: string, text: string): string {
  const folder = scratch();
  writeFileSync(join(folder, 'marked.bc'), marked);
  writeFileSync(join(folder, 'writing.bc'), writing);
  writeFileSync(join(folder, 'input'), 'A');
  writeFileSync(join(folder, file), text);
  return folder;
}

describe('an experiment', () => {
  const policies = ['counters', 'never', 'eager', 'budgeted', 'hotspot'];
  const description = {
    name: 'two <programs>',
    programs: {
      marked: { modules: ['marked.bc'], args: ['400'], marks: { kind: 'calls', of: 'mark' } },
      writing: { modules: ['writing.bc'], stdin: 'input', marks: { kind: 'lines' } },
    },
    policies,
    repetitions: 2,
    windowMs: 20,
  };
  let folder = '';
  let run: Run = { status: null, stdout: '', stderr: '' };
  const results = (file: string): string => join(folder, 'two-results', file);

  beforeAll(() => {
    folder = folderWith('two.json', JSON.stringify(description));
    run = tierlink(folder, 'two.json');
  }, 240_000);

  it('runs all trials and says so, a line each', () => {
    expect(
      run.stderr
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(Array.from({ length: 20 }, (_, n) => `${String(n + 1)}/20`));
    expect(run.status).toBe(0);
    expect(run.stdout).toBe(`${results('report.html')}\n`);
  });

  it('leaves a trace of each, in which the policy decides the same again, byte for byte', () => {
    const files = readdirSync(results('traces'));
    expect(files).toHaveLength(20);
    let asked = 0;
    for (const file of files) {
      const trace = decodeTrace(readFileSync(results(`traces/${file}`), 'utf8'), file);
      const { policy } = trace.trial.order.decide;
      const again = replay(trace, policyOf({ policy: policy ?? '' }, shippedTiers));
      expect(again.different).toBe(0);
      asked += again.asked;
    }
    expect(asked).toBeGreaterThan(20);
  });

  it('counts marks: calls and lines', () => {
    for (const [program, count] of [
      ['marked', 400],
      ['writing', 300],
    ] as const) {
      const file = results(`traces/${program}+default+counters+1.jsonl`);
      const { records } = decodeTrace(readFileSync(file, 'utf8'), file);
      const marks = records.flatMap((record) => (record.type === 'marks' ? record.marks : []));
      expect(marks.at(-1)).toBe(count);
      // On the way, too; how often depends on the machine.
      expect(marks.length).toBeGreaterThan(1);
      const end = records.find((record) => record.type === 'end');
      expect(end?.status).toBe(program === 'writing' ? 3 : 0);
    }
  });

  it('writes tables: a line for each trial, and for each point of a curve', () => {
    const trials = readFileSync(results('trials.csv'), 'utf8').trim().split('\r\n');
    expect(trials).toHaveLength(21);
    expect(trials[0]).toMatch(/^program,tiers,policy,repetition,broken,totalMs,warmUpMs/);
    for (const line of trials.slice(1)) expect(Number(line.split(',')[5])).toBeGreaterThan(0);
    const curves = readFileSync(results('curves.csv'), 'utf8').trim().split('\r\n');
    expect(curves.length).toBeGreaterThan(40);
    const { kinds } = JSON.parse(readFileSync(results('summary.json'), 'utf8')) as {
      kinds: readonly unknown[];
    };
    expect(kinds).toHaveLength(10);
  });

  it('makes a report that needs nothing else', () => {
    const html = readFileSync(results('report.html'), 'utf8');
    expect(html.match(/<svg/g)).toHaveLength(8);
    expect(html).not.toMatch(/<script|<link|<img|src=|href="http|url\(http/);
    expect(html).toContain('two &#60;programs&#62;');
    for (const policy of policies) expect(html).toContain(`<td>${policy}</td>`);
  });

  it('makes the same report again from the traces', () => {
    const before = readFileSync(results('report.html'), 'utf8');
    expect(tierlink(folder, 'two.json', '--report').status).toBe(0);
    // Of ids alone, which ECharts counts, one may differ.
    expect(readFileSync(results('report.html'), 'utf8').length).toBe(before.length);
  });

  it('predicts what another policy would make of a trial, the same each time', () => {
    const trace = results('traces/marked+default+counters+1.jsonl');
    const never = tierlink(folder, trace, '--replay', 'never');
    expect(never.status).toBe(0);
    expect(never.stdout).toMatch(/never: \d+ ms, compiling 0 ms \(predicted; higher tiers: none\)/);
    expect(tierlink(folder, trace, '--replay', 'never')).toEqual(never);
    const own = tierlink(folder, trace, '--replay', 'counters');
    expect(own.stdout).toMatch(/decides differently 0 of \d+ times/);
    const decisions = tierlink(folder, trace, '--replay', 'counters', '--decisions').stdout;
    for (const line of decisions.trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('kind');
  });
});

describe('a trial that does not come to its end', () => {
  it('is broken, with a reason, and the others go on', () => {
    const modules = { modules: ['marked.bc'], args: ['5'] };
    const description = {
      name: 'broken',
      programs: { unmarked: modules, marked: { ...modules, marks: { kind: 'calls', of: 'mark' } } },
      policies: ['never'],
      repetitions: 1,
    };
    const folder = folderWith('broken.json', JSON.stringify(description));
    const { status, stderr } = tierlink(folder, 'broken.json', '--out', 'out');
    expect(status).toBe(1);
    expect(stderr).toMatch(/1\/2 {2}unmarked.*broken: .*mark/);
    expect(stderr).toMatch(/2\/2 {2}marked.*\d ms/);
    expect(readFileSync(join(folder, 'out', 'report.html'), 'utf8')).toContain('0, and 1 broken');
  });

  it('is ended after its time', () => {
    const description = {
      name: 'late',
      programs: {
        marked: { modules: ['marked.bc'], args: ['2000000000'], marks: { kind: 'calls', of: 'mark' } },
      },
      policies: ['never'],
      repetitions: 1,
      timeoutMs: 1500,
    };
    const folder = folderWith('late.json', JSON.stringify(description));
    const { status, stderr } = tierlink(folder, 'late.json');
    expect([status, stderr]).toEqual([1, expect.stringContaining('broken: it took longer than 1500 ms')]);
  });
});

describe('a description', () => {
  const own = `export default {
    name: 'own',
    firstRequest: () => 10,
    decide: ({ tierIndex }) => tierIndex === 0
      ? { kind: 'promote', target: 2, reason: 'own', mode: 'background' }
      : { kind: 'wait', calls: Infinity },
  };`;
  const module = `({
    name: 'a policy of one’s own',
    programs: { marked: { modules: ['marked.bc'], args: ['200'], marks: { kind: 'calls', of: 'mark' } } },
    policies: { own: { module: 'own.mjs' } },
    repetitions: 1,
  })`;

  it.each([
    ['own.experiment.mjs', `export default ${module};`],
    ['own.experiment.ts', `const kind: string = 'typed'; export default { ...${module}, kind };`],
  ])('may be code, such as %s, and name a policy of its own', (file, text) => {
    const folder = folderWith(file, text);
    writeFileSync(join(folder, 'own.mjs'), own);
    // TypeScript is looked for where the description lies.
    execFileSync('ln', ['-s', join(root, 'node_modules'), join(folder, 'node_modules')]);
    const { status, stderr } = tierlink(folder, file);
    expect([status, stderr]).toEqual([0, expect.stringMatching(/1\/1 {2}marked, own, default, 1: \d+ ms/)]);
    const [trace = ''] = readdirSync(join(folder, 'own.experiment-results', 'traces'));
    const { records } = decodeTrace(
      readFileSync(join(folder, 'own.experiment-results', 'traces', trace), 'utf8'),
      trace,
    );
    expect(records.some((record) => record.type === 'requested' && record.reason === 'own')).toBe(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it.each([
    ['gone.json', undefined, 'ENOENT'],
    ['odd.json', '{', 'JSON'],
    ['odd.mjs', 'export const other = 1;', 'default export'],
    ['odd.mjs', 'throw new Error("not today");', 'not today'],
    ['odd.txt', '', 'ends in none of'],
    ['odd.json', '{"name":"","programs":{},"policies":["never"]}', 'experiment.programs'],
  ])('%s is refused when it can’t be read', (file, text, reason) => {
    const folder = text === undefined ? scratch() : folderWith(file, text);
    const { status, stderr } = tierlink(folder, file);
    expect([status, stderr]).toEqual([2, expect.stringContaining('OPTION_INVALID')]);
    expect(stderr).toContain(reason);
  });
});
