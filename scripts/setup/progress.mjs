/**
 * Says what the set-up is doing: on a terminal in one line that rewrites itself, elsewhere in plain lines. Everything
 * goes to stderr, so that the output of what is run afterwards stays its own.
 */
const plainIntervalMs = 15_000;
const redrawIntervalMs = 100;

/**
 * @param {number} ms - A duration in milliseconds.
 * @returns {string} For people: `0.2 s`, `42 s`, `3 min 7 s`.
 */
export function duration(ms) {
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** Progress of one sequence of steps. */
export class Progress {
  #stream;
  #count;
  #startedAt = 0;
  #title = '';
  #percent = -1;
  #detail = '';
  #lastShownAt = 0;
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {number} count - How many steps there are.
   * @param {NodeJS.WriteStream} [stream] - Where to write.
   */
  constructor(count, stream = process.stderr) {
    this.#count = count;
    this.#stream = stream;
  }

  /**
   * Begins a step.
   *
   * @param {number} index - Which one, from 1.
   * @param {string} title - What it does.
   */
  begin(index, title) {
    this.#startedAt = this.#lastShownAt = performance.now();
    this.#title = `[${index}/${this.#count}] ${title}`;
    this.#percent = -1;
    this.#detail = '';
    if (!this.#stream.isTTY) this.#stream.write(`${this.#title} ...\n`);
    // The time goes on also where a command is silent for long.
    this.#timer = setInterval(() => {
      this.#show();
    }, redrawIntervalMs);
    this.#timer.unref();
  }

  /**
   * Tells how far the step is.
   *
   * @param {number} percent - 0 to 100; below 0 where it isn't known.
   * @param {string} [detail] - What it is at.
   */
  update(percent, detail = '') {
    this.#percent = percent;
    this.#detail = detail;
  }

  /**
   * Ends the step that was begun.
   *
   * @param {string} outcome - How: `done`, `failed`.
   */
  end(outcome) {
    clearInterval(this.#timer);
    if (this.#stream.isTTY) this.#stream.write('\r\u001B[2K');
    this.#stream.write(`${this.#title}: ${outcome}, ${duration(performance.now() - this.#startedAt)}\n`);
  }

  #show() {
    const now = performance.now();
    const percent = this.#percent < 0 ? '' : ` ${Math.floor(this.#percent)}%`;
    const detail = this.#detail === '' ? '' : `, ${this.#detail}`;
    const line = `${this.#title}:${percent} ${duration(now - this.#startedAt)}${detail}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\u001B[2K${line.slice(0, Math.max(20, this.#stream.columns - 1))}`);
    } else if (now - this.#lastShownAt >= plainIntervalMs) {
      this.#lastShownAt = now;
      this.#stream.write(`${line}\n`);
    }
  }
}
