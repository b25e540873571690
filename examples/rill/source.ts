/** A source text, places in it, and errors that show the place. */

/** One file, or one input of the REPL. */
export class Source {
  /** How messages name it. */
  readonly path: string;
  readonly text: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** Line and column, both from 1, and the line's text. */
  place(at: number): { readonly line: number; readonly column: number; readonly text: string } {
    const start = this.text.lastIndexOf('\n', at - 1) + 1;
    const end = this.text.indexOf('\n', at);
    const line = this.text.slice(0, start).split('\n').length;
    return { line, column: at - start + 1, text: this.text.slice(start, end < 0 ? undefined : end) };
  }

  /** `path:line:column: message`, the line, and a caret below the place. Errors at run time look the same. */
  show(at: number, message: string): string {
    const { line, column, text } = this.place(at);
    const margin = text.slice(0, column - 1).replaceAll(/[^\t]/g, ' ');
    return `${this.path}:${String(line)}:${String(column)}: ${message}\n  ${text}\n  ${margin}^`;
  }
}

/** What is wrong in a source; the message shows where. */
export class RillError extends Error {
  /** True if the text ended too early: the REPL then asks for another line. */
  readonly isUnfinished: boolean;

  constructor(source: Source, at: number, message: string, isUnfinished = false) {
    super(source.show(at, message));
    this.name = 'RillError';
    this.isUnfinished = isUnfinished;
  }
}
