import { createHash, type Hash } from 'node:crypto';
import { isRecord, parseJson } from '../../json.ts';
import { ByteReader } from './byte-reader.ts';
import { BackupUnusable } from './sealed-stream.ts';

/** A file of a backup, by its place below the data directory. */
export type ArchivedFile = { readonly path: string; readonly size: number; readonly sha256: string };

/** What a backup says of itself, before its files. */
export type Manifest = {
  /** Epoch seconds. */
  readonly created: number;
  /** Version of the program that made it. */
  readonly program: string;
  /** Number of the last migration of its database, and the oldest schema whose programs may use it. */
  readonly schema: number;
  readonly readable_by: number;
  /** Of the last record of its audit. */
  readonly sequence: number;
  readonly files: readonly ArchivedFile[];
};

/** Where the store is that was a file. */
export const DATABASE_FILE = 'portvakt.db';

/** Where the tables are of one that was a PostgreSQL database, and where those of one row stood. */
const ROWS = 'portvakt.rows/';
export const POSITIONS = `${ROWS}positions.json`;

/** Where the rows of a table are. */
export function placeOfRows(table: string): string {
  return `${ROWS}${table}.ndjson`;
}

/** The table whose rows are at a place; undefined at any other. */
export function tableAt(place: string): string | undefined {
  return /^portvakt\.rows\/(\w+)\.ndjson$/.exec(place)?.[1];
}

/** Whether the store of a backup was a PostgreSQL database. */
export function isOfDatabase({ files }: Manifest): boolean {
  return files.some(({ path }) => path.startsWith(ROWS));
}

/** Writes manifest and files one behind the other. @param read the bytes of a file */
export async function* pack(manifest: Manifest, read: (path: string) => AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const text = Buffer.from(JSON.stringify(manifest));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  yield Buffer.concat([length, text]);
  for (const { path } of manifest.files) yield* read(path);
}

/** Takes what is unpacked. */
export type Sink = {
  /** Hears the manifest before any file. */
  readonly begin?: (manifest: Manifest) => void;
  readonly file?: (file: ArchivedFile, bytes: AsyncIterable<Buffer>) => Promise<void>;
};

/** Reads an archive to its end and holds every file to its digest. @throws {BackupUnusable} for what is not as it was packed */
export async function unpack(plain: AsyncIterable<Buffer>, { begin, file: take }: Sink = {}): Promise<Manifest> {
  const reader = new ByteReader(plain);
  const length = await reader.atMost(4);
  const manifest = readManifest(await reader.atMost(Math.min(length.readUInt32BE(0), LONGEST_MANIFEST)));
  begin?.(manifest);
  for (const file of manifest.files) {
    const hash = createHash('sha256');
    const bytes = partOf(reader, file, hash);
    if (take) await take(file, bytes);
    for await (const _ of bytes);
    if (hash.digest('hex') !== file.sha256) throw new BackupUnusable(`${file.path} is not what was backed up`);
  }
  if (!(await reader.isAtEnd())) throw new BackupUnusable('something stands behind its last file');
  return manifest;
}

const LONGEST_MANIFEST = 16 * 1024 * 1024;
const PART = 64 * 1024;

async function* partOf(reader: ByteReader, { path, size }: ArchivedFile, hash: Hash): AsyncGenerator<Buffer> {
  for (let left = size; left > 0; ) {
    const part = await reader.atMost(Math.min(PART, left));
    if (part.length === 0) throw new BackupUnusable(`${path} is cut short`);
    left -= part.length;
    hash.update(part);
    yield part;
  }
}

/** Whether a file may be packed: at a place below the data directory that nothing leads out of. */
export function isPlace(path: string): boolean {
  return /^(?:[\w-][\w.-]*\/){0,3}[\w-][\w.-]*$/.test(path);
}

function readManifest(bytes: Buffer): Manifest {
  const value = parseJson(bytes.toString());
  if (!isManifest(value)) throw new BackupUnusable('its table of contents cannot be read');
  return value;
}

function isManifest(value: unknown): value is Manifest {
  return (
    isRecord(value) &&
    [value.created, value.schema, value.readable_by, value.sequence].every(Number.isSafeInteger) &&
    typeof value.program === 'string' &&
    Array.isArray(value.files) &&
    value.files.every(isFile)
  );
}

function isFile(value: unknown): value is ArchivedFile {
  return (
    isRecord(value) &&
    typeof value.path === 'string' &&
    isPlace(value.path) &&
    Number.isSafeInteger(value.size) &&
    Number(value.size) >= 0 &&
    typeof value.sha256 === 'string'
  );
}
