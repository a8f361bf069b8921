import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A text that must not come out again, and what it is. */
export type Canary = { readonly what: string; readonly text: string };

/** Long enough that no chance makes it. */
const SLICE = 24;

/**
 * A secret and what is left of it when it is cut, or written another way: its parts between dots, the middle of each, and its bytes
 * in base64, base64url and hex.
 */
export function shapesOf(what: string, secret: string): readonly Canary[] {
  const parts = secret.split('.').filter((part) => part.length >= SLICE);
  const cut = parts.flatMap((part) => [part.slice(0, SLICE), part.slice(-SLICE), part.slice(part.length >> 1).slice(0, SLICE)]);
  return [secret, ...cut, ...written(Buffer.from(secret))].map((text) => ({ what, text }));
}

/** The bytes of a key in every spelling that one of its places could have. */
export function shapesOfBytes(what: string, bytes: Buffer): readonly Canary[] {
  return [...written(bytes), bytes.toString('latin1')].map((text) => ({ what, text }));
}

/** Without what hangs on the bytes that stand beside it. */
function written(bytes: Buffer): readonly string[] {
  const shifted = [0, 1, 2].map((skipped) => bytes.subarray(skipped, bytes.length - ((bytes.length - skipped) % 3)));
  return [
    ...shifted.flatMap((part) => (part.length >= 9 ? [part.toString('base64'), part.toString('base64url')] : [])),
    bytes.toString('hex'),
  ];
}

/** Which canaries a place holds, a sentence each. */
export function found(canaries: readonly Canary[], place: string, text: string): readonly string[] {
  return [...new Set(canaries.filter((canary) => text.includes(canary.text)).map(({ what }) => `${what} in ${place}`))];
}

/** Every file below a folder as text in which each byte is a sign. */
export async function filesOf(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const read = files.map(async ({ parentPath, name }): Promise<[string, string]> => {
    const path = join(parentPath, name);
    return [path.slice(folder.length + 1), (await readFile(path)).toString('latin1')];
  });
  return new Map(await Promise.all(read));
}
