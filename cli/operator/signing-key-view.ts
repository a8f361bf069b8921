import type { KeyPlace } from '../../keys/key-change.ts';
import { KeyUnusable } from '../../keys/key-file.ts';
import { KIND_OF } from '../../keys/key-kind.ts';
import { whatIsNext } from '../../keys/rotation.ts';
import type { SigningKeyRecord } from '../../server/core/ports.ts';
import { publishedUntil, type SigningKeyState, signsFrom } from '../../server/core/signing-key.ts';
import { rfc3339 } from '../moment.ts';
import type { View } from '../output.ts';

/** A signing key as the commands show it. */
export type ShownKey = {
  readonly kid: string;
  readonly alg: string;
  readonly state: SigningKeyState;
  readonly created: string;
  readonly not_before?: string;
  readonly not_after?: string;
  readonly activated?: string;
  readonly retired?: string;
  readonly removed?: string;
};

export function shownKey(key: SigningKeyRecord): ShownKey {
  const { kid, alg, state, created, activated, retired, removed } = key;
  const moments = { not_before: signsFrom(key), not_after: publishedUntil(key), activated, retired, removed };
  const known = Object.entries(moments).flatMap(([name, at]) => (at === undefined ? [] : [[name, rfc3339(at)]]));
  return { kid, alg, state, created: rfc3339(created), ...Object.fromEntries(known) };
}

export const signingKeyView: View<ShownKey> = {
  fields: [
    { name: 'kid' },
    { name: 'alg' },
    { name: 'state' },
    { name: 'not_before' },
    { name: 'not_after' },
    { name: 'created', wide: true },
    { name: 'activated', wide: true },
    { name: 'retired', wide: true },
    { name: 'removed', wide: true },
  ],
  name: ({ kid }) => `signing-key/${kid}`,
};

/** A key, its file, and what it waits for. */
export type KeyStatus = Pick<ShownKey, 'kid' | 'alg' | 'state'> & { readonly file: string; readonly next: string };

/** Opens the file of a key that signs or will; that of a retired one is needed for nothing. */
export async function signingKeyStatus({ folder, storage }: KeyPlace, key: SigningKeyRecord, now: number): Promise<KeyStatus> {
  const { kid, alg, state } = key;
  const file = await openAsRecorded(folder, key).then(
    () => (folder.plain().includes(kid) ? 'in the clear' : 'sealed'),
    (error: unknown) => {
      if (error instanceof KeyUnusable) return `unusable: ${error.message}`;
      throw error;
    },
  );
  return { kid, alg, state, file, next: whatIsNext(key, await storage.keyHolders.list(), now) };
}

/** Opens the file of a key as its record has it, or as a change that was interrupted has left it. @throws {KeyUnusable} */
export async function openAsRecorded(folder: KeyPlace['folder'], { kid, alg, state }: SigningKeyRecord): Promise<void> {
  const states = state === 'active' ? [state] : ([state, 'pending', 'active'] as const);
  await folder.open(kid, { kinds: [KIND_OF[alg]], states });
}

export const statusView: View<KeyStatus> = {
  fields: [{ name: 'kid' }, { name: 'alg' }, { name: 'state' }, { name: 'file' }, { name: 'next' }],
  name: ({ kid }) => `signing-key/${kid}`,
};

export const rewrappedView: View<{ readonly rewrapped: number }> = {
  fields: [{ name: 'rewrapped' }],
  name: ({ rewrapped }) => `rewrapped/${rewrapped}`,
};
