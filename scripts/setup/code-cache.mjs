/**
 * Seventh step: V8's cache of compiled code for the command and the control thread. It belongs to one version of Node.js, so
 * it is made where tierlink runs and is not published. Without it, or with another Node.js, the files are compiled as ever.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runLogged } from './command.mjs';
import { root } from './places.mjs';
import { hashFiles, listFiles, readStamp, writeWhole } from './stamp.mjs';

const folder = join(root, 'dist', 'src');
const stampPath = join(folder, 'code', '.tierlink-stamp');

/** A program that makes the command do what it usually does: functions that are not called are not in the cache. */
const program = `
@table = internal constant [2 x ptr] [ptr @one, ptr @two]
@counter = global i32 0
define internal i32 @one(i32 %x) { ret i32 %x }
define internal i32 @two(i32 %x) { %y = call i32 @one(i32 %x)  ret i32 %y }
define i32 @main(i32 %argc, ptr %argv) {
start:
  br label %loop
loop:
  %i = phi i32 [ 0, %start ], [ %next, %loop ]
  %f = load ptr, ptr @table
  %a = call i32 %f(i32 %i)
  %b = call i32 @other(i32 %a)
  store i32 %b, ptr @counter
  %next = add i32 %i, 1
  %again = icmp ult i32 %next, 1000000
  br i1 %again, label %loop, label %end
end:
  ret i32 0
}
declare i32 @other(i32)
`;
const other = `
@llvm.global_ctors = appending global [1 x { i32, ptr, ptr }] [{ i32, ptr, ptr } { i32 65535, ptr @start, ptr null }]
@value = global i32 1
define internal void @start() { store i32 0, ptr @value  ret void }
declare i32 @puts(ptr)
define i32 @other(i32 %x) { %v = load i32, ptr @value  %y = add i32 %x, %v  ret i32 %y }
`;

/** @type {import('./steps.mjs').Step} */
export const codeCache = {
  name: 'code cache',
  title: "filling V8's code cache",
  purposes: ['addon', 'run', 'language', 'test', 'bench', 'ci'],
  inspect() {
    const stamp = currentStamp();
    if (stamp === undefined) return undefined;
    return readStamp(stampPath) === stamp ? undefined : 'not there, or of another Node.js';
  },
  async perform() {
    const stamp = currentStamp();
    if (stamp === undefined) return;
    for (const path of listFiles(folder, /\.v8$/)) rmSync(path);
    const temporary = mkdtempSync(join(tmpdir(), 'tierlink-'));
    try {
      const paths = ['main', 'other'].map((name) => join(temporary, `${name}.ll`));
      writeFileSync(paths[0] ?? '', program);
      writeFileSync(paths[1] ?? '', other);
      const maker = (/** @type {string} */ name) => join(root, 'scripts', 'setup', `${name}.cjs`);
      const env = { ...process.env, NODE_OPTIONS: '' };
      const log = 'code-cache';
      const cache = join(temporary, 'cache');
      const run = [maker('keep-command'), folder, 'run', '--cache', cache, ...paths];
      // The second run finds all in the cache, which is other work.
      await runLogged(process.execPath, run, { log, env });
      await runLogged(process.execPath, run, { log, env });
      await runLogged(process.execPath, [maker('keep-control'), folder, ...paths], { log, env });
    } catch (error) {
      for (const path of listFiles(folder, /\.v8$/)) rmSync(path);
      throw error;
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
    writeWhole(stampPath, stamp);
  },
};

/** @returns {string | undefined} What the cache belongs to; undefined while there is nothing to run. */
function currentStamp() {
  if (!existsSync(join(folder, 'main.cjs')) || !existsSync(join(root, 'build', 'native', 'tierlink.node')))
    return undefined;
  return hashFiles(listFiles(folder, /\.cjs$/), [process.version]);
}
