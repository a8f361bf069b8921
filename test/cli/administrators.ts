import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type Dev, type Ended, newUser, type User } from './portvakt.ts';

/** Who administers in the made-up world, each with a context of that name. */
export const ADMINISTRATORS = {
  operator: 'demo-operator',
  owner: 'demo-owner-admin',
  consumer: 'demo-consumer-admin',
  supplier: 'demo-supplier-admin',
} as const;

/** An administrator by the part that he plays. */
export type Role = keyof typeof ADMINISTRATORS;

/** What a command line came to. */
export type Outcome = Pick<Ended, 'code' | 'stdout' | 'stderr'>;

/** A user who has logged in to a dev server as each of its administrators. */
export type Office = {
  readonly user: User;
  readonly dev: Dev;
  /** Runs a command line as one of them; one after the other in one process, because starting Node takes the longest by far. */
  readonly as: (role: Role, ...args: readonly string[]) => Promise<Outcome>;
  /** Runs command lines that name their context themselves, in the same process. */
  readonly batch: (lines: readonly (readonly string[])[]) => Promise<readonly Outcome[]>;
};

/** Starts a dev server and logs in. */
export async function openOffice(t: Test, ...flags: readonly string[]): Promise<Office> {
  const user = await newUser(t);
  const dev = await user.dev(...flags);
  const run = startRunner(t, user, dev.issuer);
  const as: Office['as'] = (role, ...args) => run(args, { PORTVAKT_CONTEXT: ADMINISTRATORS[role] });
  const batch: Office['batch'] = (lines) => Promise.all(lines.map((line) => run(line, {})));
  // Not by an assertion: between two awaits it would let a test end that has nothing else to do yet.
  for (const client of Object.values(ADMINISTRATORS)) {
    const { code, stderr } = await run(['login', '--client', client], {});
    if (code !== 0) throw new Error(`${client} could not log in: ${stderr}`);
  }
  return { user, dev, as, batch };
}

const CHILD = fileURLToPath(new URL('batch-child.ts', import.meta.url));

type Run = (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<Outcome>;

/** A process that runs command lines until the test ends. It answers in the order in which it was asked. */
function startRunner(t: Test, { home, env }: User, issuer: string): Run {
  const child = spawn(process.execPath, [CHILD], {
    cwd: home,
    env: { ...env, PORTVAKT_ISSUER: issuer },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const waiting: ((outcome: Outcome) => void)[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.(JSON.parse(line)));
  const ended = once(child, 'exit');
  t.teardown(async () => {
    child.stdin.end();
    await ended;
  });
  return (args, extra) => {
    const outcome = Promise.withResolvers<Outcome>();
    waiting.push(outcome.resolve);
    child.stdin.write(`${JSON.stringify({ args, env: extra })}\n`);
    return outcome.promise;
  };
}
