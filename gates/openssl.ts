import { execFile, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Whether the command is installed. */
export function isOpensslInstalled(): boolean {
  return spawnSync('openssl', ['version']).error === undefined;
}

/** What OpenSSL is to judge, in DER. */
export type Question = {
  readonly root: Buffer;
  readonly leaf: Buffer;
  /** It may put these together in whatever order it likes. */
  readonly untrusted: readonly Buffer[];
  /** Given: a list is demanded for every certificate, and an empty array has none. */
  readonly lists?: readonly Buffer[];
  /** In epoch seconds. */
  readonly at: number;
};

const run = promisify(execFile);

/**
 * The judgement of `openssl verify`.
 * @param prefix of the files that it is given, which stay.
 * @throws {Error} when the command ends in another way than with an answer
 */
export async function opensslAccepts({ root, leaf, untrusted, lists, at }: Question, prefix: string): Promise<boolean> {
  const file = async (name: string, ders: readonly Buffer[], label = 'CERTIFICATE'): Promise<string> => {
    const path = `${prefix}-${name}.pem`;
    await writeFile(path, ders.map((der) => pem(der, label)).join(''));
    return path;
  };
  const others = untrusted.length === 0 ? [] : ['-untrusted', await file('untrusted', untrusted)];
  const asked = lists ? ['-crl_check_all'] : [];
  const withLists = lists && lists.length > 0 ? ['-CRLfile', await file('lists', lists, 'X509 CRL')] : [];
  const trusted = ['-CAfile', await file('root', [root]), '-no-CApath', '-no-CAstore'];
  const line = ['verify', '-attime', `${at}`, ...asked, ...trusted, ...others, ...withLists, await file('leaf', [leaf])];
  return run('openssl', line).then(
    () => true,
    (error) => {
      if (typeof error.code !== 'number') throw error;
      return false;
    },
  );
}

function pem(der: Buffer, label: string): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{64}(?=.)/g, '$&\n')}\n-----END ${label}-----\n`;
}

/** Starting the command is what takes the time: so many run at once. */
const AT_ONCE = 4;

/** Its judgements of many questions, in their order. @param folder for the files that it is given */
export async function askOpenssl<T>(items: readonly T[], question: (item: T) => Question, folder: string): Promise<boolean[]> {
  const answers: boolean[] = [];
  const rest = items.entries();
  const takeTurns = async (turn: number): Promise<void> => {
    for (const [place, item] of rest) answers[place] = await opensslAccepts(question(item), join(folder, `${turn}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, turn) => takeTurns(turn)));
  return answers;
}
