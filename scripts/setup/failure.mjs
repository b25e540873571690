/** A reason why the set-up can't go on, for people: what is wrong, and what to do about it. */
export class SetupFailure extends Error {
  /**
   * @param {string} message - What is wrong.
   * @param {string} remedy - What to do about it; a command stands on a line of its own.
   * @param {ErrorOptions} [options] - The error that led to this one.
   */
  constructor(message, remedy, options) {
    super(message, options);
    this.name = 'SetupFailure';
    this.remedy = remedy;
  }
}

/**
 * Runs a script's main function; a {@link SetupFailure} becomes a message and status 1, anything else is a fault and
 * keeps its stack.
 *
 * @param {() => Promise<number>} main - Returns the exit status.
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    process.stderr.write(`\ntierlink: ${error.message}\n${error.remedy}\n`);
    process.exitCode = 1;
  }
}
