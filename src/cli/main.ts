/**
 * The command line: reads words, calls the library, turns errors into messages and exit statuses. What only some commands
 * need is imported when one is run: `--help` must not wait for the engine.
 */
import { writeSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import type { TierlinkError } from '../index.js';
import { policyWords, tierWords } from './choices.js';
import type { ExperimentCommandOptions } from './experiment.js';
import type { ReplayOptions } from './replay.js';
import { collect, parseCount, parseList, parseThresholds } from './options.js';
import type { DisasmCommandOptions } from './disasm.js';
import type { ShowOptions } from './profile.js';
import type { RunCommandOptions } from './run.js';
import { version } from './version.js';

/** Status for everything that is the command's own failure, not the program's. */
const failureStatus = 2;

function build(words: readonly string[]): Command {
  const cut = words.indexOf('--');
  const programArgs = cut < 0 ? [] : words.slice(cut + 1);
  const command = new Command('tierlink')
    .description('Runs programs of many LLVM modules on a tiered JIT.')
    .version(version)
    .exitOverride();
  command
    .command('run')
    .description("Run a program: call main of the given modules; its exit status is the command's.")
    .argument(
      '<module...>',
      'modules (.bc, .ll, .o) and archives (.a); what follows "--" is given to the program',
    )
    .option(
      '--unit <kind>',
      'what is compiled at once: module, or function, when it is first called',
      'function',
    )
    .option('--linkage <kind>', 'how calls between versions are made: stub, offset-table or direct', 'stub')
    .option('--tiers <list>', `the ladder, lowest first (default: "${tierWords.join(',')}")`, parseList)
    .option('--policy <name>', `when to recompile: ${policyWords.join(', ')}`, 'counters')
    .option('--thresholds <list>', 'calls that move a unit into a tier, as tier=calls,...', parseThresholds)
    .option(
      '--compile-threads <count>',
      'threads that compile (default: one for each processor, at most 4)',
      parseCount,
    )
    .option('--rollback', 'measure versions, and roll slower ones back')
    .option('--no-osr', 'leave no loop that runs for a better version of it')
    .option('--load <library>', 'shared library to resolve symbols from; may be repeated', collect, [])
    .option(
      '--cache <directory>',
      'where compiled objects are kept (default: TIERLINK_CACHE, or tierlink in XDG_CACHE_HOME or ~/.cache)',
    )
    .option('--no-cache', 'compile everything, and keep nothing (as TIERLINK_CACHE=off)')
    .option('--stats <file>', 'write statistics as JSON when the program has ended')
    .option('--sample <us>', 'sample the program each so many microseconds, for time by tier', parseCount)
    .option('--trace <file>', "write a timeline for Chrome's and Perfetto's viewers")
    .option('--jit-dump <directory>', "write perf's jitdump, for perf record -k 1 and perf inject --jit")
    .option('--perf-map', "write perf's map file to /tmp")
    .option('--gdb', 'tell debuggers of functions, frames and lines')
    .option('--argv0 <name>', "the program's argv[0] (default: the first module without its ending)")
    .option('--profile-use <file>', 'begin with what was counted in other runs (.profdata)')
    .option('--profile-out <file>', 'write what was counted when the program has ended (.profdata)')
    .option('--live', 'show a live table of modules, versions and swaps')
    .option('--quiet', 'print no warnings of tierlink')
    .action(async (modules: string[], options: RunCommandOptions & { readonly live?: boolean }) => {
      if (options.live !== true) {
        const { runCommand } = await import('./run.js');
        await runCommand(modules, programArgs, options);
        return;
      }
      const sample = options.sample === undefined ? ['--sample', '1000'] : [];
      const own = words.slice(0, cut < 0 ? words.length : cut).filter((word) => word !== '--live');
      const [verb = 'run', ...rest] = own;
      const args = [verb, ...sample, ...rest, '--', ...programArgs];
      const { liveCommand } = await import('./live.js');
      process.exitCode = await liveCommand(process.argv[1] ?? '', args);
    });
  command
    .command('inspect')
    .description('Show functions, globals and symbols of a module, and what would be promoted or split.')
    .argument('<module>', 'a module (.bc, .ll, .o) or archive (.a)')
    .option('--json', 'as JSON')
    .action(async (path: string, options: { readonly json?: boolean }) => {
      const { inspectCommand } = await import('./inspect.js');
      inspectCommand(path, options);
    });
  command
    .command('disasm')
    .description('Show the machine code that a tier makes of a function.')
    .argument('<function>', "the function's linker name, or a static function's own")
    .argument('<module...>', 'modules (.bc, .ll): the one that defines it, and those that it is linked with')
    .option('--tier <name>', 'which tier compiles it', 'baseline')
    .option('--linkage <kind>', 'how calls between versions are made: stub, offset-table or direct', 'stub')
    .action(async (name: string, modules: string[], options: DisasmCommandOptions) => {
      const { disasmCommand } = await import('./disasm.js');
      await disasmCommand(name, modules, options);
    });
  command
    .command('experiment')
    .description(
      'Compare policies: run programs by policies by ladders, each trial in its own process; write a report.',
    )
    .argument('<file>', 'a description (.ts, .mts, .js, .mjs, .json); with --replay a trace (.jsonl)')
    .option('--out <folder>', "where results go (default: the file's name and -results)")
    .option('--replay <policy>', 'run nothing: say what another policy would make of a recorded trial')
    .option('--decisions', 'with --replay: write the decisions, a line of JSON each')
    .option('--report', 'run nothing: make the report of the traces again')
    .action(async (file: string, options: ExperimentCommandOptions & Partial<ReplayOptions>) => {
      if (options.replay !== undefined) {
        const { replayCommand } = await import('./replay.js');
        replayCommand(file, { ...options, replay: options.replay });
        return;
      }
      const { experimentCommand } = await import('./experiment.js');
      process.exitCode = await experimentCommand(file, options);
    });
  const profile = command.command('profile').description('Show and merge profiles (.profdata).');
  profile
    .command('show')
    .description('Show the functions of which most was counted, or one of them.')
    .argument('<file>', 'an indexed profile')
    .option('--function <name>', 'all counters and values of this function')
    .option('--top <count>', 'how many functions', parseCount, 20)
    .action(async (path: string, options: ShowOptions) => {
      const { showCommand } = await import('./profile.js');
      showCommand(path, options);
    });
  profile
    .command('merge')
    .description('Add the counts of several profiles.')
    .argument('<file...>', 'indexed profiles')
    .requiredOption('-o, --output <file>', 'the file to write')
    .action(async (paths: string[], { output }: { readonly output: string }) => {
      const { mergeCommand } = await import('./profile.js');
      mergeCommand(paths, output);
    });
  return command;
}

async function main(words: readonly string[]): Promise<void> {
  const cut = words.indexOf('--');
  try {
    await build(words).parseAsync(cut < 0 ? words : words.slice(0, cut), { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? 0 : failureStatus;
      return;
    }
    const library = await import('../index.js');
    if (!(error instanceof library.TierlinkError)) throw error;
    const { code, message } = error as TierlinkError;
    writeSync(2, `tierlink: ${code}: ${message}\n`);
    // Threads of the addon may still be busy; the failure is said, so nothing is waited for.
    process.exit(failureStatus);
  }
}

// Not awaited: it is built as CommonJS, which can't. A rejection ends the process with its trace.
void main(process.argv.slice(2));
