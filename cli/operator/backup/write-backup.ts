import { createHash } from 'node:crypto';
import { access, lstat, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../../failure.ts';
import { version } from '../../version.ts';
import { type ArchivedFile, isPlace, type Manifest, pack } from './archive.ts';
import { type Secret, seal } from './sealed-stream.ts';
import { COPY, fileStore, type HeldStore, oneChunk, type StoreContents } from './store-contents.ts';

/** A backup that lies on the disk. */
export type WrittenBackup = { readonly manifest: Manifest; readonly bytes: number; readonly digest: string };

/** What is not backed up: the database itself, which is copied as one moment, what its processes tell each other by, and what is fetched again. */
const LEFT_OUT = /^(portvakt\.(db|rows).*|serve(-next)?\.lock.*|changed|revocation|\.backup-.*)$/;

/**
 * Backs a data directory and its store up into a new file, while servers may run on it: the store as it stands at one moment, and every
 * file of the data directory as it lies there, before and after that moment, so that no key that the store names is missing. Under its
 * name there is a whole backup or none. `PV-SEC-123`
 * @param hold the store; that in the data directory unless told.
 * @throws {Failure | StoreUnusable | StoreUnavailable} or the system's error; then nothing is left
 */
export async function writeBackup(
  dataDir: string,
  to: string,
  secret: Secret,
  hold: HeldStore = fileStore(dataDir),
): Promise<WrittenBackup> {
  await assertFree(to);
  await sweep(dataDir, COPY, /^(\d+)-/);
  await sweep(dirname(to), `${basename(to)}.`, /^(\d+)\.unfinished$/);
  const unfinished = `${to}.${process.pid}.unfinished`;
  try {
    const before = await readFiles(dataDir);
    const written = await hold(async (contents) => {
      const files = new Map([...before, ...(await readFiles(dataDir))]);
      return writeArchive(unfinished, { contents, files, secret });
    });
    await assertFree(to);
    await rename(unfinished, to);
    await flush(dirname(to));
    return written;
  } catch (error) {
    // Somebody else's, if it was there before.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') await rm(unfinished, { force: true });
    throw error;
  }
}

type Archive = { readonly contents: StoreContents; readonly files: ReadonlyMap<string, Buffer>; readonly secret: Secret };

async function writeArchive(to: string, { contents, files, secret }: Archive): Promise<WrittenBackup> {
  const { schema, readableBy: readable_by, sequence, places, read } = contents;
  const created = Math.floor(Date.now() / 1000);
  const table: ArchivedFile[] = [];
  for (const place of places) table.push(await digestOf(place, read(place)));
  for (const [path, bytes] of files) table.push(tableEntry(path, bytes));
  const digests = new Map(table.map(({ path, sha256 }) => [path, sha256]));
  const bytesOf = (path: string): AsyncIterable<Buffer> => {
    const bytes = files.get(path);
    return bytes ? oneChunk(bytes) : asBefore(path, read(path), digests.get(path));
  };
  const manifest = { ...{ created, program: version(), schema, readable_by, sequence }, files: table };
  const { bytes, digest } = await writeDurably(to, seal(pack(manifest, bytesOf), secret));
  return { manifest, bytes, digest };
}

/** What is not as the table of contents has it nobody could restore. */
async function* asBefore(path: string, bytes: AsyncIterable<Buffer>, digest: string | undefined): AsyncGenerator<Buffer> {
  const hash = createHash('sha256');
  for await (const chunk of bytes) {
    hash.update(chunk);
    yield chunk;
  }
  if (hash.digest('hex') !== digest) throw new Error(`${path} was read as something else than before`);
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

async function digestOf(path: string, bytes: AsyncIterable<Buffer>): Promise<ArchivedFile> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    size += chunk.length;
  }
  return { path, size, sha256: hash.digest('hex') };
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
