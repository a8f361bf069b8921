import type { Command } from 'commander';
import { type Format, isList, type List, render, type View } from './output.ts';
import { withColumns } from './shape.ts';
import { type ColorChoice, type Colors, colorsFor } from './style.ts';

/** The flags that every command takes. */
export type GlobalOptions = {
  readonly output: Format | 'auto';
  readonly color: ColorChoice;
  /** Seconds that a server may take to answer. */
  readonly timeout: number;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  readonly debug?: boolean;
  readonly utc?: boolean;
  /** Name of the context that counts, unless it is the current one. */
  readonly context?: string;
  /** Whether the command line itself names it. */
  readonly contextNamed?: boolean;
  /** Columns of tables and of CSV, in this order. */
  readonly columns?: readonly string[];
  /** Whether tables and CSV have a first line with names. */
  readonly headers: boolean;
  /** The field that a list is sorted by; with `-` before it, backwards. */
  readonly sort?: string;
};

/** Where a command speaks: the answer goes to stdout, everything else to stderr. */
export class Terminal {
  readonly options: GlobalOptions;
  /** Colours of the answer. */
  readonly colors: Colors;
  readonly #talk: Colors;

  constructor(options: GlobalOptions) {
    this.options = options;
    this.colors = colorsFor(process.stdout, options.color);
    this.#talk = colorsFor(process.stderr, options.color);
  }

  /** The terminal of a command, by the flags it was called with. */
  static of(command: Command): Terminal {
    const contextNamed = command.getOptionValueSourceWithGlobals('context') === 'cli';
    return new Terminal({ ...command.optsWithGlobals<GlobalOptions>(), contextNamed });
  }

  /** `auto` is a table for a person at a terminal and JSON for everything else. */
  get format(): Format {
    const { output } = this.options;
    if (output !== 'auto') return output;
    return process.stdout.isTTY ? 'table' : 'json';
  }

  /** Prints the answer, in the format asked for. */
  async answer<T extends object>(answer: T | List<T>, view: View<T>): Promise<void> {
    const { format, colors, options } = this;
    process.stdout.write(await render(answer, withColumns(view, options.columns), { format, colors, headers: options.headers }));
    if (isList(answer) && answer.next !== null)
      this.tell(`${answer.items.length} are shown, and there are more: --all shows them`);
  }

  /** Prints the answer of a command that goes on running: JSON on one line, so that who has read a line knows that it is ready. */
  async ready<T extends object>(answer: T, view: View<T>): Promise<void> {
    if (this.format === 'json') process.stdout.write(`${JSON.stringify(answer)}\n`);
    else await this.answer(answer, view);
  }

  /** Tells what was done. */
  say(text: string): void {
    if (!this.options.quiet) process.stderr.write(`${this.#talk.green('✓')} ${text}\n`);
  }

  /** Tells something beside the answer. */
  tell(text: string): void {
    if (!this.options.quiet) process.stderr.write(`${text}\n`);
  }

  /** Tells something in passing, to a person only. */
  remark(text: string): void {
    if (!this.options.quiet && process.stderr.isTTY) process.stderr.write(this.#talk.dim(`${text}\n`));
  }

  /** Tells what a person should know although the command goes on. */
  warn(text: string): void {
    process.stderr.write(`${this.#talk.yellow('!')} ${text}\n`);
  }

  /** Tells what comes next, to a person only. */
  next(commandLine: string): void {
    this.remark(`→ ${commandLine}`);
  }

  /** Tells of a request, where `--verbose` asked for it. */
  trace(text: string): void {
    if (this.options.verbose || this.options.debug) process.stderr.write(this.#talk.dim(`  ${text}\n`));
  }
}
