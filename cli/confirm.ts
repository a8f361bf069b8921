import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import type { ApiClient } from './api-client.ts';
import type { ChangeOptions } from './api-options.ts';
import { Failure } from './failure.ts';
import { colorsFor } from './style.ts';

/** What a person has to agree to. */
export type Matter = {
  /** What happens, as a sentence that names what it hits. */
  readonly what: string;
  /** Whether it takes something away: disabling, revoking, removing. */
  readonly takesAway: boolean;
  /** Whether it is asked everywhere all the same, because it decides who can be let in at all. */
  readonly weighs?: true;
};

/**
 * Asks before a change that takes something away or weighs, and in a protected context before every change. There the name of the context
 * is typed for what takes away; `--yes` stands in for that only where `--context NAME` stands on the command line too, so that a
 * script says twice where it works.
 * @throws {Failure} `usage` naming the flags, where there is nobody to ask; `interrupted` when the answer is no
 */
export async function confirm(api: ApiClient, { yes }: ChangeOptions, { what, takesAway, weighs }: Matter): Promise<void> {
  const { name, protected: isProtected = false } = api.context;
  const { terminal } = api;
  if (api.dryRun || !(takesAway || weighs || isProtected)) return;
  const typed = isProtected && takesAway;
  if (yes && (!typed || terminal.options.contextNamed)) return;
  assertSomebodyIsThere(what, typed ? `--yes --context ${name}` : '--yes');
  const { red, bold } = colorsFor(process.stderr, terminal.options.color);
  process.stderr.write(`${what}${isProtected ? ` Context: ${red(bold(name))}` : ''}\n`);
  const answer = await question(typed ? `Type the name of the context to go on: ` : 'Go on? [y/N] ');
  const agreed = typed ? answer === name : /^y(es)?$/i.test(answer);
  if (!agreed) throw new Failure('interrupted', 'nothing was changed');
}

/** Asks before a command of the host takes something away. @throws {Failure} as {@link confirm} */
export async function confirmOnHost({ yes }: Pick<ChangeOptions, 'yes'>, what: string): Promise<void> {
  if (yes) return;
  assertSomebodyIsThere(what, '--yes');
  process.stderr.write(`${what}\n`);
  if (!/^y(es)?$/i.test(await question('Go on? [y/N] '))) throw new Failure('interrupted', 'nothing was changed');
}

function assertSomebodyIsThere(what: string, flags: string): void {
  if (process.stdin.isTTY === true && process.stderr.isTTY === true && !process.env.CI) return;
  throw new Failure('usage', `${what} That is asked first, and there is nobody to ask.`, { fix: `add ${flags}` });
}

/** An answer that never comes, because the terminal is gone, is none. */
async function question(text: string): Promise<string> {
  const reader = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const gone = once(reader, 'close').then(() => '');
    return (await Promise.race([reader.question(text), gone])).trim();
  } finally {
    reader.close();
  }
}
