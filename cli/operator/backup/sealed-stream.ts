import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, scryptSync, timingSafeEqual } from 'node:crypto';
import { ByteReader } from './byte-reader.ts';

/** What opens a backup. */
export type Secret = { readonly passphrase: string } | { readonly key: Buffer };

/** A backup that cannot be opened, and why. */
export class BackupUnusable extends Error {
  override readonly name = 'BackupUnusable';
}

/** Bytes of what is sealed in one piece. */
const PIECE = 64 * 1024;
const TAG = 16;
const MAC = 32;

/** Of scrypt: 128 MiB and some tenths of a second for each guess. RFC 7914 §2 */
const COST = { n: 2 ** 17, r: 8, p: 1 };
const LARGEST_COST = 2 ** 20;

/** How a backup begins: a line of JSON, and behind it a code over the line under a key of its own. */
type Header = {
  readonly format: 'portvakt-backup-1';
  readonly kdf: 'scrypt' | 'key-file';
  readonly n?: number;
  readonly salt: string;
};

/**
 * Encrypts with AES-256-GCM in pieces, each with its number and whether it is the last in its nonce, under a key of this backup alone:
 * none can be changed, left out, moved or put last unseen. The STREAM construction, Hoang et al. 2015
 */
export async function* seal(plain: AsyncIterable<Buffer>, secret: Secret): AsyncGenerator<Buffer> {
  const kdf = 'passphrase' in secret ? ({ kdf: 'scrypt', n: COST.n } as const) : ({ kdf: 'key-file' } as const);
  const header: Header = { format: 'portvakt-backup-1', ...kdf, salt: randomBytes(32).toString('base64url') };
  const line = `${JSON.stringify(header)}\n`;
  const keys = keysOf(header, secret);
  yield Buffer.concat([Buffer.from(line), mac(keys.header, line)]);
  const reader = new ByteReader(plain);
  for (let number = 0; ; number++) {
    const piece = await reader.atMost(PIECE);
    const isLast = await reader.isAtEnd();
    const cipher = createCipheriv('aes-256-gcm', keys.pieces, nonce(number, isLast));
    yield Buffer.concat([cipher.update(piece), cipher.final(), cipher.getAuthTag()]);
    if (isLast) return;
  }
}

/** Decrypts, a piece at a time: none is given out before it is known to be whole. @throws {BackupUnusable} */
export async function* unseal(sealed: AsyncIterable<Buffer>, secret: Secret): AsyncGenerator<Buffer> {
  const reader = new ByteReader(sealed);
  const line = await reader.line(1_000);
  const keys = keysOf(readHeader(line), secret);
  if (!timingSafeEqual(mac(keys.header, line), padded(await reader.atMost(MAC))))
    throw new BackupUnusable('the passphrase or key is not that of this backup, or its first line was changed');
  for (let number = 0; ; number++) {
    const piece = await reader.atMost(PIECE + TAG);
    const isLast = await reader.isAtEnd();
    yield open(piece, keys.pieces, nonce(number, isLast));
    if (isLast) return;
  }
}

function open(piece: Buffer, key: Buffer, iv: Buffer): Buffer {
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG }).setAuthTag(piece.subarray(-TAG));
    return Buffer.concat([decipher.update(piece.subarray(0, -TAG)), decipher.final()]);
  } catch (cause) {
    throw new BackupUnusable('it was cut short or changed', { cause });
  }
}

function readHeader(line: string): Header {
  const header = parse(line);
  const isKnown = header?.format === 'portvakt-backup-1' && /^[\w-]{43}$/.test(String(header.salt));
  if (!isKnown) throw new BackupUnusable('it is no backup of Portvakt, or of a later version');
  if (header.kdf === 'key-file') return header;
  const { n = 0 } = header;
  const isSane =
    header.kdf === 'scrypt' && Number.isSafeInteger(n) && Number.isInteger(Math.log2(n)) && n >= COST.n && n <= LARGEST_COST;
  if (!isSane) throw new BackupUnusable('its first line was changed');
  return header;
}

function parse(line: string): Partial<Header> & Header {
  try {
    return (JSON.parse(line) ?? {}) as Header;
  } catch (cause) {
    throw new BackupUnusable('it is no backup of Portvakt', { cause });
  }
}

type Keys = { readonly header: Buffer; readonly pieces: Buffer };

function keysOf({ kdf, n = COST.n, salt }: Header, secret: Secret): Keys {
  if ((kdf === 'scrypt') !== 'passphrase' in secret)
    throw new BackupUnusable(kdf === 'scrypt' ? 'it was sealed with a passphrase' : 'it was sealed with a key file');
  const bytes = Buffer.from(salt, 'base64url');
  const { r, p } = COST;
  const secretKey =
    'key' in secret ? secret.key : scryptSync(secret.passphrase, bytes, 32, { N: n, r, p, maxmem: 128 * n * r + 2 ** 20 });
  const derived = (use: string): Buffer => Buffer.from(hkdfSync('sha256', secretKey, bytes, `portvakt backup ${use}`, 32));
  return { header: derived('header'), pieces: derived('pieces') };
}

function mac(key: Buffer, line: string): Buffer {
  return createHmac('sha256', key).update(line).digest();
}

function padded(bytes: Buffer): Buffer {
  return bytes.length === MAC ? bytes : Buffer.alloc(MAC);
}

function nonce(number: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(number, 5, 6);
  bytes[11] = Number(isLast);
  return bytes;
}
