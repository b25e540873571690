/** `rill run FILE`, `rill watch FILE`, `rill repl`. */
import { parseArgs } from 'node:util';
import { editableTiers, messageOf, Program } from './program.js';
import { repl } from './repl.js';
import { Watcher } from './watch.js';

const usage = `rill run FILE     runs a program
rill watch FILE   runs it, and puts each edit of its files into it
rill repl         reads and runs what you type

  --tier NAME     everything at this tier, instead of what is hot at higher ones`;

/** Functions of JS that every program may declare. */
const host = { now: (): number => performance.now() / 1000 };

async function run(path: string, tier: string | undefined): Promise<void> {
  const engine = tier === undefined ? {} : { tiers: [tier], policy: 'never' };
  const program = await Program.open(path, { host, engine });
  try {
    await program.run(path);
  } finally {
    program.engine.flush();
    await program.dispose();
  }
}

async function watch(path: string): Promise<void> {
  const program = await Program.open(path, { host, engine: { tiers: editableTiers } });
  const watcher = new Watcher(program, (line) => {
    process.stderr.write(`${line}\n`);
  });
  try {
    await program.run(path);
  } finally {
    await watcher.close();
    await program.dispose();
  }
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { tier: { type: 'string' } },
  });
  const [command, path = ''] = positionals;
  if (command === 'repl') await repl(process.stdin, process.stdout, { host });
  else if (command === 'run' && path !== '') await run(path, values.tier);
  else if (command === 'watch' && path !== '') await watch(path);
  else process.stdout.write(`${usage}\n`);
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
}
