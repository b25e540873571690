/**
 * V8's flags for the command, which is a short process and alone in it. V8 optimises a function after three times so many
 * bytes of its bytecode have run, 67,584 by default: start-up is over before that pays, and control, which runs for longer,
 * gets there, too. The space for new objects grows to its full size at once instead of in steps. Node.js 20 only: those
 * after it have no such flags, and V8 writes a message about one that it does not know. docs/startup.md has the figures.
 */
export const commandFlags: readonly string[] = process.versions.v8.startsWith('11.3.')
  ? ['--interrupt-budget=1000000', '--semi-space-growth-factor=16']
  : [];
