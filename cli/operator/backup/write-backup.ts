import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, lstat, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { copySqlite } from '../../../server/storage/upkeep.ts';
import { Failure } from '../../failure.ts';
import { version } from '../../program.ts';
import { type ArchivedFile, isPlace, type Manifest, pack } from './archive.ts';
import { type Secret, seal } from './sealed-stream.ts';

/** A backup that lies on the disk. */
export type WrittenBackup = { readonly manifest: Manifest; readonly bytes: number; readonly digest: string };

/** What is not backed up: the database itself, which is copied as one moment, a lock, and what is fetched again. */
const LEFT_OUT = /^(portvakt\.db.*|serve(-next)?\.lock.*|revocation|\.backup-.*)$/;

/**
 * Backs a data directory up into a new file, while a server may run on it: the database as it stands at one moment, and every other file
 * as it lies there, before and after that moment, so that no key that the database names is missing. Under its name there is a whole
 * backup or none. `PV-SEC-123`
 * @throws {Failure | StoreUnavailable} or the system's error; then nothing is left
 */
export async function writeBackup(dataDir: string, to: string, secret: Secret): Promise<WrittenBackup> {
  await assertFree(to);
  await sweep(dataDir, '.backup-', /^(\d+)-/);
  await sweep(dirname(to), `${basename(to)}.`, /^(\d+)\.unfinished$/);
  const copy = join(dataDir, `.backup-${process.pid}-${randomBytes(8).toString('hex')}.db`);
  const unfinished = `${to}.${process.pid}.unfinished`;
  try {
    const before = await readFiles(dataDir);
    const copied = await copySqlite(join(dataDir, 'portvakt.db'), copy);
    const files = new Map([...before, ...(await readFiles(dataDir))]);
    const { schema, readableBy: readable_by, sequence } = copied;
    const table = [await digestOf(copy), ...[...files].map(([path, bytes]) => tableEntry(path, bytes))];
    const created = Math.floor(Date.now() / 1000);
    const manifest = { ...{ created, program: version(), schema, readable_by, sequence }, files: table };
    const bytesOf = (path: string) => (path === 'portvakt.db' ? createReadStream(copy) : oneChunk(files.get(path)));
    const written = await writeDurably(unfinished, seal(pack(manifest, bytesOf), secret));
    await assertFree(to);
    await rename(unfinished, to);
    await flush(dirname(to));
    return { manifest, ...written };
  } catch (error) {
    // Somebody else's, if it was there before.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(unfinished, { force: true });
    throw error;
  } finally {
    for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${copy}${suffix}`, { force: true });
  }
}

/** Removes what a backup has left that was killed; one that is still being made is another's. @param rest of the name, that tells the process */
async function sweep(folder: string, beginning: string, rest: RegExp): Promise<void> {
  for (const name of await readdir(folder)) {
    const [, pid] = (name.startsWith(beginning) && rest.exec(name.slice(beginning.length))) || [];
    if (pid !== undefined && !isAnothers(Number(pid))) await rm(join(folder, name), { force: true });
  }
}

/** Whether another process has the number: who had this one's before is gone. */
function isAnothers(pid: number): boolean {
  try {
    return pid !== process.pid && process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function assertFree(to: string): Promise<void> {
  const isThere = await access(to).then(
    () => true,
    () => false,
  );
  if (isThere) throw new Failure('conflict', `${to} exists, and nothing is overwritten`, { fix: 'name another file' });
}

/** The files beside the database, by their places. @throws {Failure} for what is neither file nor folder, and what could not be restored */
async function readFiles(dataDir: string, below = ''): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  for (const name of await readdir(join(dataDir, below))) {
    if (below === '' && LEFT_OUT.test(name)) continue;
    const path = below === '' ? name : `${below}/${name}`;
    const stat = await lstat(join(dataDir, path));
    if (stat.isDirectory()) for (const [inner, bytes] of await readFiles(dataDir, path)) found.set(inner, bytes);
    else if (stat.isFile() && isPlace(path)) found.set(path, await readFile(join(dataDir, path)));
    else throw unpackable(join(dataDir, path), stat.isFile() ? NO_PLACE : 'it is neither file nor folder');
  }
  return found;
}

const NO_PLACE = 'its name is not of letters, digits, _, - and ., or it lies too deep';

function unpackable(path: string, why: string): Failure {
  return new Failure('unhealthy', `${path} cannot be backed up: ${why}`, { fix: 'move it out of the data directory' });
}

function tableEntry(path: string, bytes: Buffer): ArchivedFile {
  return { path, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function digestOf(copy: string): Promise<ArchivedFile> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of createReadStream(copy)) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { path: 'portvakt.db', size, sha256: hash.digest('hex') };
}

async function* oneChunk(bytes: Buffer = Buffer.alloc(0)): AsyncGenerator<Buffer> {
  yield bytes;
}

async function writeDurably(path: string, bytes: AsyncIterable<Buffer>): Promise<{ bytes: number; digest: string }> {
  const hash = createHash('sha256');
  let length = 0;
  const file = await open(path, 'wx', 0o600);
  try {
    for await (const chunk of bytes) {
      hash.update(chunk);
      length += chunk.length;
      await file.writeFile(chunk);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes: length, digest: hash.digest('hex') };
}

/** Windows cannot flush a folder. */
export async function flush(folder: string): Promise<void> {
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}
