/** How fast is a program of several modules once it is warm, beside what clang makes of it ahead of time? */
import { geometricMean, median, printFindings, type Sheet } from './findings.js';
import { bestMs, Lines, passesFor, runPasses } from './passes.js';
import { type Level, native, tiered } from './program-builds.js';
import { plotBars } from './plot.js';
import { eachProgram, type Program, readBuilt } from './programs.js';
import { readWords } from './words.js';

const levels: readonly Level[] = ['-O2', '-O3 -march=native', '-O3 -flto', '-O3 -flto -fprofile-use'];
const calibrationPasses = 12;
/** Work, by the time that -O2 takes for it: native programs are warm at once. */
const nativeWorkMs = 600;
const tieredWorkMs = 4000;
/** Of tierlink's passes these are warm. */
const warmShare = 0.25;

/** What was measured of one program. */
interface Result {
  readonly program: Program;
  /** Of a pass, in each round. */
  readonly tierlinkMs: readonly number[];
  /** Times of tierlink by those of each level, of the same round. */
  readonly ratios: readonly (readonly number[])[];
}

async function measure(program: Program, runs: number): Promise<Result> {
  const lines = new Lines();
  const run = tiered(program);
  const natives = levels.map((level) => native(program, level));
  const [first] = natives;
  if (first === undefined) throw new Error('there is a level');
  const passMs = bestMs(await runPasses(program, first, calibrationPasses, lines), 1);
  const tierlinkMs: number[] = [];
  const ratios = levels.map((): number[] => []);
  for (let round = 1; round <= runs; round += 1) {
    const own = bestMs(await runPasses(program, run, passesFor(passMs, tieredWorkMs), lines), warmShare);
    tierlinkMs.push(own);
    for (const [index, contestant] of natives.entries()) {
      const passes = await runPasses(program, contestant, passesFor(passMs, nativeWorkMs), lines);
      ratios[index]?.push(own / bestMs(passes, 1));
    }
  }
  return { program, tierlinkMs, ratios };
}

function sheet(title: string, results: readonly Result[]): Sheet {
  const rows = results.map(({ program, tierlinkMs, ratios }) => [
    program.name,
    median(tierlinkMs),
    ...ratios.map(median),
  ]);
  const means = levels.map((_, index) => meanRatio(results, index));
  return {
    title,
    head: ['', 'tierlink, ms', ...levels],
    rows: [...rows, ['geometric mean', undefined, ...means]],
  };
}

const meanRatio = (results: readonly Result[], level: number): number =>
  geometricMean(results.map(({ ratios }) => median(ratios[level] ?? [])));

const { field, asJson, runs, plot } = readWords(3);
const results: Result[] = [];
for (const program of eachProgram(readBuilt(field))) results.push(await measure(program, runs));
const kernels = results.filter(({ program }) => program.kind === 'kernel');
const lua = results.filter(({ program }) => program.kind === 'lua');
printFindings(
  {
    question:
      'How long does a pass take once a program is warm? Times of tierlink by those of clang’s builds',
    sheets: [sheet('Programs of several modules', kernels), sheet('Lua (33 modules)', lua)],
    goals: [
      {
        name: 'programs, by -O3 -march=native',
        found: meanRatio(kernels, levels.indexOf('-O3 -march=native')),
        atMost: 0.95,
        unit: '',
      },
      { name: 'Lua, by -O2', found: meanRatio(lua, levels.indexOf('-O2')), atMost: 1, unit: '' },
    ],
    notes: ['The profile of -fprofile-use is that of the same program doing the same work.'],
  },
  asJson,
);
if (plot !== undefined)
  plotBars(plot, {
    title: 'A pass of a warm program: time under tierlink by the time of what clang builds',
    unit: 'ratio; left of the line tierlink is faster',
    names: results.map(({ program }) => program.name),
    series: levels.map((name, level) => ({
      name,
      values: results.map(({ ratios }) => median(ratios[level] ?? [])),
    })),
    isLogarithmic: false,
    line: 1,
  });
