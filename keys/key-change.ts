import { randomBytes } from 'node:crypto';
import type { Changes, Clock, SigningKeyRecord, Storage } from '../server/core/ports.ts';
import type { SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import type { SigningKeyState } from '../server/core/signing-key.ts';
import type { KeyFolder } from './key-folder.ts';
import { generateKey } from './key-kind.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

/** Where the signing keys lie, and what is known of them. */
export type KeyPlace = { readonly folder: KeyFolder; readonly storage: Storage; readonly clock: Clock };

/** Who changes a key: somebody on the host, or the server by its schedule. */
export type KeyAct = {
  readonly actor: 'host' | 'schedule';
  /** Why a state is skipped; absent: none is. */
  readonly emergency?: string;
};

/** A key that is made and sealed, and lies nowhere yet. */
export type NewKey = { readonly record: SigningKeyRecord; readonly sealed: string };

/** Makes a key that begins its life in this state. @throws {KeyUnusable} where the master key cannot be used */
export async function makeKey(
  { folder, clock }: Pick<KeyPlace, 'folder' | 'clock'>,
  alg: SigningAlgorithm,
  state: SigningKeyState,
): Promise<NewKey> {
  const key = await generateKey(alg);
  const jwk = publicJwk(key);
  const kid = thumbprint(jwk);
  // A command line would take it for a flag.
  if (kid.startsWith('-')) return makeKey({ folder, clock }, alg, state);
  const created = Math.floor(clock.now());
  const record: SigningKeyRecord = { kid, alg, jwk, created, state: 'generated' };
  return { record: inState(record, state, created), sealed: await folder.seal(kid, key, state) };
}

/** The record as it is when the key enters the state. */
export function inState(record: SigningKeyRecord, state: SigningKeyState, now: number): SigningKeyRecord {
  switch (state) {
    case 'generated':
      return { ...record, state };
    case 'pending':
      return { ...record, state, published: now };
    case 'active':
      return { ...record, state, published: record.published ?? now, activated: now };
    case 'retired':
      return { ...record, state, retired: now };
    case 'removed':
      return { ...record, state, removed: now };
  }
}

/** Keeps a record with its line in the audit. `PV-SEC-109` */
export async function keep(
  changes: Changes,
  record: SigningKeyRecord,
  { type, at, details }: { readonly type: string; readonly at: number; readonly details?: object },
): Promise<void> {
  await changes.signingKeys.put(record);
  await changes.audit.append({
    ...{ type, at, correlationId: randomBytes(16).toString('hex') },
    details: { kid: record.kid, alg: record.alg, ...details },
  });
}

/** What the audit says of who changed a key, and why. */
export function detailsOf({ actor, emergency }: KeyAct): object {
  return { actor, ...(emergency !== undefined && { emergency: true, reason: emergency }) };
}
