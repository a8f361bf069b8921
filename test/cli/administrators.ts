import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Test } from 'tap';
import { type Dev, type Ended, newUser, type User } from './portvakt.ts';

/** Who administers in the made-up world, each with a context of that name. */
export const ADMINISTRATORS = { operator: 'demo-operator', owner: 'demo-owner-admin', consumer: 'demo-consumer-admin' } as const;

/** An administrator by the part that he plays. */
export type Role = keyof typeof ADMINISTRATORS;

/** What a command line came to. */
export type Outcome = Pick<Ended, 'code' | 'stdout' | 'stderr'>;

/** A user who has logged in to a dev server as each of its administrators. */
export type Office = {
  readonly user: User;
  readonly dev: Dev;
  /** Runs a command line as one of them, in a process of its own. */
  readonly as: (role: Role, ...args: readonly string[]) => Promise<Ended>;
  /** Runs many command lines in one process, which is quick; the context is named by each. */
  readonly batch: (lines: readonly (readonly string[])[]) => Promise<readonly Outcome[]>;
};

/** Starts a dev server and logs in. */
export async function openOffice(t: Test, ...flags: readonly string[]): Promise<Office> {
  const user = await newUser(t);
  const dev = await user.dev(...flags);
  const batch: Office['batch'] = (lines) => runBatch(lines, user, dev.issuer);
  const logins = await batch(Object.values(ADMINISTRATORS).map((client) => ['login', '--client', client]));
  for (const { code, stderr } of logins) t.equal(code, 0, stderr);
  const env = { PORTVAKT_ISSUER: dev.issuer };
  const as: Office['as'] = (role, ...args) => user.run(args, { env: { ...env, PORTVAKT_CONTEXT: ADMINISTRATORS[role] } });
  return { user, dev, as, batch };
}

const CHILD = fileURLToPath(new URL('batch-child.ts', import.meta.url));

async function runBatch(lines: readonly (readonly string[])[], { home, env }: User, issuer: string): Promise<readonly Outcome[]> {
  const child = spawn(process.execPath, [CHILD], {
    cwd: home,
    env: { ...env, PORTVAKT_ISSUER: issuer },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(JSON.stringify(lines));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (stdout === '') throw new Error(`the batch did not end well: ${stderr}`);
  return JSON.parse(stdout);
}
