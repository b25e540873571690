/** What does it take to link, publish and move code, against its relocations, and beside LLVM's own linkers? */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { commandFlags } from '../src/boot/command-flags.js';
import { type Findings, type Goal, median, printFindings, type Sheet } from './findings.js';
import { chainStart, chainText } from './generators/chain.js';
import { relocatedModule } from './generators/relocated.js';
import { type LinkTimes, linkTrial } from './link-trial.js';
import { compileModules } from './compiled-modules.js';
import { relocationsIn } from './object-linker.js';
import { type PublishSetting, type PublishTimes, publishTrial, subject } from './publish-trial.js';
import { assembleObject, compileObject, inputFolder } from './toolchain.js';
import { type LinkInput, linkedByJitlink, toolLinkers } from './tool-linkers.js';
import { readWords } from './words.js';

const relocationCounts = [10, 100, 1_000, 10_000, 100_000, 1_000_000] as const;
const bystanderCounts = [1, 10, 100, 1_000] as const;
/** Relocations of what is moved among others. */
const amongOthers = 1_000;
const chainLengths = [500, 1_000, 2_000, 4_000, 8_000] as const;
/** JITLink's tool takes five seconds for 2,000 functions that reach each other in a row, and minutes for 8,000. */
const longestForJitlink = 1_000;

/** Objects that all linkers link. */
interface LinkCase extends LinkInput {
  readonly name: string;
  /** As they stand in the files: the same number for all linkers. */
  readonly relocations: number;
  /** Tools that are asked. */
  readonly tools: readonly string[];
}

/** A question to a process of its own. */
type Trial =
  | { readonly kind: 'link'; readonly paths: readonly string[]; readonly isFirstOnly: boolean }
  | ({ readonly kind: 'publish' } & PublishSetting);

/** Microseconds of one case in all rounds. */
interface LinkSamples {
  readonly link: LinkCase;
  readonly fresh: number[];
  /** In a process whose V8 has the flags that the command sets. */
  readonly command: number[];
  readonly warm: number[];
  readonly tools: ReadonlyMap<string, number[]>;
}

interface PublishSamples {
  readonly setting: PublishSetting;
  readonly times: PublishTimes[];
}

function caseOf(name: string, paths: readonly string[], start: string, idle: string): LinkCase {
  const counts = paths.map((path) => relocationsIn({ name: basename(path), bytes: readFileSync(path) }));
  const relocations = counts.reduce((sum, count) => sum + count, 0);
  const tools = toolLinkers
    .map((tool) => tool.name)
    .filter((tool) => tool !== 'JITLink' || start !== chainStart || relocations <= longestForJitlink * 3);
  if (tools.includes('JITLink')) {
    // A linker that skips some of the objects would be compared for work that it does not do.
    const linked = linkedByJitlink({ paths, start, idle });
    const skipped = paths.find((path, index) => counts[index] !== 0 && !linked.includes(path));
    if (skipped !== undefined) throw new Error(`${skipped} can't be reached from ${start}`);
  }
  return { name, paths, start, idle, relocations, tools };
}

async function linkCases(folder: string, lua: readonly string[]): Promise<LinkCase[]> {
  const idle = compileObject(folder, 'idle', 'int idle(void);\nint idle(void) { return 0; }\n');
  const objects = await compileModules(lua);
  const paths = objects.map(({ name, bytes }) => {
    const path = resolve(join(folder, `lua-${name}.o`));
    writeFileSync(path, bytes);
    return path;
  });
  const chains = chainLengths.map((length) => {
    const name = `chain of ${length.toLocaleString('en')} functions`;
    const path = resolve(compileObject(folder, `chain-${String(length)}`, chainText(length)));
    return caseOf(name, [path], chainStart, idle);
  });
  return [caseOf("Lua's objects", paths, 'main', idle), ...chains];
}

function publishSettings(folder: string): PublishSetting[] {
  const objectOf = (relocations: number): string =>
    assembleObject(
      folder,
      `relocated-${String(relocations)}`,
      relocatedModule(subject, relocations).assembly,
    );
  const sizes = relocationCounts.map((count) => ({ object: objectOf(count), bystanders: 1 }));
  const object = join(folder, `relocated-${String(amongOthers)}.o`);
  return [...sizes, ...bystanderCounts.slice(1).map((bystanders) => ({ object, bystanders }))];
}

function inProcess(trial: Trial, folder: string, flags: readonly string[] = []): unknown {
  const path = join(folder, 'relink.json');
  writeFileSync(path, JSON.stringify(trial));
  const words = [...flags, fileURLToPath(import.meta.url), '--trial', path];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' }));
}

function measureLink({ link, fresh, command, warm, tools }: LinkSamples, folder: string): void {
  const linkedBy = (isFirstOnly: boolean, flags: readonly string[]): LinkTimes =>
    // Safe because the child is this file.
    inProcess({ kind: 'link', paths: link.paths, isFirstOnly }, folder, flags) as LinkTimes;
  const times = linkedBy(false, []);
  fresh.push(times.freshUs);
  command.push(linkedBy(true, commandFlags).freshUs);
  warm.push(times.warmUs);
  for (const tool of toolLinkers) tools.get(tool.name)?.push(tool.link(link));
}

/** How the time grows with what it depends on: 1 is in proportion, 2 as its square. */
function growth(fromSize: number, from: number, toSize: number, to: number): number {
  return Math.log(to / from) / Math.log(toSize / fromSize);
}

function linkSheet(samples: readonly LinkSamples[]): Sheet {
  const peers = toolLinkers.map((tool) => tool.name);
  return {
    title: 'Linking, all in: nanoseconds a relocation (relocations a second, in millions)',
    head: [
      '',
      'relocations',
      'tierlink, warm',
      'tierlink, fresh process',
      "tierlink, fresh process, command's flags",
      ...peers,
    ],
    rows: samples.map(({ link, fresh, command, warm, tools }) => {
      const cell = (values: readonly number[] | undefined): string => {
        if (values === undefined || values.length === 0) return '–';
        const ns = (median(values) * 1e3) / link.relocations;
        return `${ns.toFixed(0)} (${(1e3 / ns).toFixed(2)})`;
      };
      return [
        link.name,
        link.relocations,
        cell(warm),
        cell(fresh),
        cell(command),
        ...peers.map((peer) => cell(tools.get(peer))),
      ];
    }),
  };
}

function publishSheets(samples: readonly PublishSamples[]): Sheet[] {
  const rowOf = (first: number, { times }: PublishSamples) => {
    const relocations = times[0]?.relocations ?? 0;
    const publish = median(times.map(({ publishUs }) => publishUs));
    const move = median(times.map(({ moveUs }) => moveUs));
    return [first, publish, (publish * 1e3) / relocations, move, (move * 1e3) / relocations];
  };
  const head = ['publish, µs', 'ns a relocation', 'move, µs', 'ns a relocation'];
  return [
    {
      title: 'Publishing and moving a module, against its preserved relocations',
      head: ['relocations', ...head],
      rows: samples
        .slice(0, relocationCounts.length)
        .map((sample) => rowOf(sample.times[0]?.relocations ?? 0, sample)),
    },
    {
      title: `The same of a module of ${amongOthers.toLocaleString('en')} relocations, against other modules that call it`,
      head: ['other modules', ...head],
      rows: samples
        .filter(({ setting }) => setting.object.endsWith(`-${String(amongOthers)}.o`))
        .map((sample) => rowOf(sample.setting.bystanders, sample)),
    },
  ];
}

function linkGoals(samples: readonly LinkSamples[]): Goal[] {
  const [lua, ...chains] = samples;
  const [shortest, longest] = [chains.at(0), chains.at(-1)];
  if (lua === undefined || shortest === undefined || longest === undefined) return [];
  const perRelocation = (values: readonly number[]): number => (median(values) * 1e3) / lua.link.relocations;
  const ratioTo = (tool: string, times: readonly number[]): number =>
    median((lua.tools.get(tool) ?? []).map((us, round) => (times[round] ?? Number.NaN) / us));
  return [
    { name: "Lua's objects, warm", found: perRelocation(lua.warm), atMost: 200, unit: 'ns a relocation' },
    {
      name: "Lua's objects, fresh process",
      found: perRelocation(lua.fresh),
      atMost: 600,
      unit: 'ns a relocation',
    },
    {
      name: "Lua's objects, fresh process with the command's flags",
      found: perRelocation(lua.command),
      atMost: 600,
      unit: 'ns a relocation',
    },
    ...toolLinkers.flatMap(({ name }) => [
      {
        name: `Lua's objects, fresh process: times ${name}`,
        found: ratioTo(name, lua.fresh),
        atMost: 1,
        unit: '',
      },
      {
        name: `the same with the command's flags: times ${name}`,
        found: ratioTo(name, lua.command),
        atMost: 1,
        unit: '',
      },
    ]),
    {
      name: `growth from ${shortest.link.name} to ${longest.link.name.replace('chain of ', '')}: exponent`,
      found: growth(
        shortest.link.relocations,
        median(shortest.warm),
        longest.link.relocations,
        median(longest.warm),
      ),
      atMost: 1.1,
      unit: '',
    },
  ];
}

function publishGoals(samples: readonly PublishSamples[]): Goal[] {
  const sized = (relocations: number): PublishSamples | undefined =>
    samples.find(({ times }) => times[0]?.relocations === relocations);
  const [from, to] = [sized(10_000), sized(1_000_000)];
  const [few, many] = [sized(amongOthers), samples.at(-1)];
  return (['publish', 'move'] as const).flatMap((name) => {
    const us = (sample: PublishSamples | undefined): number[] =>
      (sample?.times ?? []).map((times) => (name === 'publish' ? times.publishUs : times.moveUs));
    const flat = us(many).map((time, round) => time / (us(few)[round] ?? Number.NaN));
    return [
      {
        name: `${name}: growth from 10,000 to 1,000,000 relocations, exponent`,
        found: growth(10_000, median(us(from)), 1_000_000, median(us(to))),
        atMost: 1.1,
        unit: '',
      },
      {
        name: `${name}: among 1,000 other modules, times among 1`,
        found: median(flat),
        atMost: 1.2,
        unit: '',
      },
    ];
  });
}

function findingsOf(links: readonly LinkSamples[], publishes: readonly PublishSamples[]): Findings {
  return {
    question: 'Linking, publishing and moving code, against its relocations',
    sheets: [linkSheet(links), ...publishSheets(publishes)],
    goals: [...linkGoals(links), ...publishGoals(publishes)],
    notes: [
      'All times are processor time of all threads, so that other work on the machine does not count.',
      'Relocations of objects are counted in the files, the same for all. The tools tell their times without the start of',
      'their processes, which are fresh ones, so that it is the fresh tierlink that they compare with.',
      `JITLink's tool is not asked for chains above ${longestForJitlink.toLocaleString('en')} functions: it takes seconds to minutes.`,
      'Publishing starts at the compiled object and ends when all slots lead to the new version; compiling is not in it.',
    ],
  };
}

if (process.argv[2] === '--trial') {
  // Safe because this file has written it just now.
  const trial = JSON.parse(readFileSync(process.argv[3] ?? '', 'utf8')) as Trial;
  const found = trial.kind === 'link' ? linkTrial(trial.paths, trial.isFirstOnly) : await publishTrial(trial);
  process.stdout.write(JSON.stringify(found));
} else {
  const { field, asJson, runs } = readWords(5);
  const { lua } = JSON.parse(readFileSync(field, 'utf8')) as { readonly lua: readonly string[] };
  const folder = inputFolder();
  process.stderr.write('compiling\n');
  const links = (await linkCases(folder, lua)).map(
    (link): LinkSamples => ({
      link,
      fresh: [],
      command: [],
      warm: [],
      tools: new Map(link.tools.map((tool): [string, number[]] => [tool, []])),
    }),
  );
  const publishes = publishSettings(folder).map((setting): PublishSamples => ({ setting, times: [] }));
  for (let run = 1; run <= runs; run += 1) {
    process.stderr.write(`round ${String(run)} of ${String(runs)}\n`);
    for (const link of links) measureLink(link, folder);
    for (const { setting, times } of publishes)
      times.push(inProcess({ kind: 'publish', ...setting }, folder) as PublishTimes);
  }
  printFindings(findingsOf(links, publishes), asJson);
}
