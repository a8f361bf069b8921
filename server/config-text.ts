import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';

/**
 * Reads the text of a configuration. Who can write it decides what the server believes, so it has to be a file of the server's user
 * or root that nobody else can write; it names the files of secrets and holds none, so others may read it. The file that is judged is
 * the file that is read. `PV-SEC-095`, `PV-SEC-096`
 * @throws {Error} whose message says what is wrong with the file, and the remedy
 */
export function readConfigText(path: string): string {
  const file = open(path);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error('is no plain file');
    assertOurs(path, stat);
    const text = readFileSync(file, 'utf8');
    if (SECRET.test(text)) assertPrivate(path, stat);
    return text;
  } finally {
    closeSync(file);
  }
}

/** A private key, or a password in an address. */
const SECRET = /-----BEGIN [A-Z ]*PRIVATE KEY-----|:\/\/[^\s/@:"']*:[^\s/@"']+@/;

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(code === 'ELOOP' ? 'is a link: put the file itself there' : `cannot be read: ${message}`, { cause });
  }
}

/** Windows has neither modes nor owners of this kind. */
function assertOurs(path: string, { uid, mode }: Stats): void {
  const own = process.geteuid?.();
  if (own === undefined) return;
  if (uid !== own && uid !== 0) throw new Error(`belongs to another user: chown ${own} ${path}`);
  if ((mode & 0o022) !== 0) throw new Error(`can be written by other users: chmod go-w ${path}`);
}

function assertPrivate(path: string, { mode }: Stats): void {
  if (process.geteuid !== undefined && (mode & 0o077) !== 0)
    throw new Error(`holds a secret that other users can read: put it in a file of its own, or chmod 600 ${path}`);
}
