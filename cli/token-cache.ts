import { createHash } from 'node:crypto';
import { readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EpochSeconds, HOUR } from '../server/core/time.ts';
import { findPrivateFolder, makePrivateFolder } from './private-folder.ts';
import type { TokenResponse } from './token-endpoint.ts';

/** A token at hand and the moment it ends. */
export type HeldToken = Omit<TokenResponse, 'expires_in'> & { readonly expires: EpochSeconds };

/** So long before its end a token is no longer handed out: it must outlive the call that it is fetched for. */
const MARGIN = 30;

/** Names a token by everything that decides what it says and who may have it; the file gives none of it away. */
export function cacheKey(request: object): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64url');
}

/** A token fetched before for the same request, unless it ends within half a minute. */
export async function heldToken(key: string, now: EpochSeconds): Promise<HeldToken | undefined> {
  const folder = await findPrivateFolder('tokens');
  if (folder === undefined) return undefined;
  const text = await readFile(join(folder, key), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (text === undefined) return undefined;
  const token = JSON.parse(text) as HeldToken;
  return token.expires - MARGIN > now ? token : undefined;
}

/** Keeps a token for later calls, and drops those that have long ended. A reader never sees half a file. */
export async function holdToken(key: string, token: HeldToken): Promise<void> {
  const folder = await makePrivateFolder('tokens');
  await dropOld(folder);
  const draft = join(folder, `${key}.${process.pid}`);
  await writeFile(draft, JSON.stringify(token), { mode: 0o600 });
  await rename(draft, join(folder, key));
}

/** Forgets a held token. @returns whether there was one */
export async function dropToken(key: string): Promise<boolean> {
  const folder = await findPrivateFolder('tokens');
  if (folder === undefined) return false;
  return rm(join(folder, key)).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      return false;
    },
  );
}

async function dropOld(folder: string): Promise<void> {
  const oldest = Date.now() - HOUR * 1000;
  for (const name of await readdir(folder)) {
    const file = join(folder, name);
    const found = await stat(file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (found && found.mtimeMs < oldest) await rm(file, { force: true });
  }
}
