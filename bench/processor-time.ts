/** The processor time of this process: unlike time on the wall, it does not count what else the machine does. */

/**
 * Microseconds that all threads have run, those that compile JS or collect garbage included.
 *
 * @returns Time since the process began.
 */
export function processorUs(): number {
  const { system, user } = process.cpuUsage();
  return user + system;
}
