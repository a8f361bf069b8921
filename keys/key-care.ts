import { type KeyObject, randomBytes } from 'node:crypto';
import type { SigningKeyRecord, Storage } from '../server/core/ports.ts';
import type { SigningKeyState } from '../server/core/signing-key.ts';
import type { KeyPlace } from './key-change.ts';
import { KeyUnusable } from './key-file.ts';
import type { KeyFolder } from './key-folder.ts';
import { type KeyKind, KIND_OF } from './key-kind.ts';

/** A private key that ought to lie in a folder. */
export type KeyAtRest = { readonly kid: string; readonly state: SigningKeyState; readonly kinds: readonly KeyKind[] };

/** The signing keys that ought to lie in their folder. */
export function signingKeysAtRest(records: readonly SigningKeyRecord[]): readonly KeyAtRest[] {
  return records.filter(({ state }) => state !== 'removed').map(({ kid, alg, state }) => ({ kid, state, kinds: [KIND_OF[alg]] }));
}

/** What the work at the keys of one folder is told to the audit with. */
export type Care = { readonly folder: KeyFolder; readonly storage: Storage; readonly at: number };

/**
 * Seals the keys that lie in the clear from before. The sealed file is there before the plain one goes: a crash between leaves both, and
 * the next start takes the plain one away. What nobody registered is left alone. `PV-SEC-093`
 * @returns how many. @throws {KeyUnusable | StoreUnavailable}
 */
export async function sealPlain({ folder, storage, at }: Care, keys: readonly KeyAtRest[]): Promise<number> {
  const plain = folder.plain();
  const open = keys.filter(({ kid }) => plain.includes(kid));
  let count = 0;
  for (const { kid, state, kinds } of open) {
    const sealed = await folder.seal(kid, await folder.open(kid, { kinds, states: [state] }), state);
    count += await storage.transaction(async (changes) => {
      if (!folder.plain().includes(kid)) return 0;
      folder.put(kid, sealed);
      folder.clear();
      await changes.audit.append({ type: 'signing_key.sealed', at, correlationId: correlationId(), details: { kid } });
      return 1;
    });
  }
  return count;
}

/**
 * Wraps every key by the master key that is used now. A key at a time, and each file whole before and after: it may end at any step, and
 * whoever reads opens what it finds as long as the settings name both master keys. The server may run meanwhile. `PV-SEC-101`
 * @returns how many were wrapped anew. @throws {KeyUnusable | StoreUnavailable}
 */
export async function rewrap({ folder, storage, at }: Care): Promise<number> {
  let count = 0;
  for (const kid of folder.names()) {
    for (;;) {
      const again = await folder.rewrapped(kid);
      if (!again) break;
      const done = await storage.transaction(async (changes) => {
        if (!folder.putUnchanged(kid, again)) return false;
        folder.clear();
        await changes.audit.append({ type: 'signing_key.rewrapped', at, correlationId: correlationId(), details: { kid } });
        return true;
      });
      if (done) count++;
      // Else somebody changed its state meanwhile, and sealed it by the new master key.
    }
  }
  return count;
}

function correlationId(): string {
  return randomBytes(16).toString('hex');
}

/**
 * Brings the files after their records: a key that is removed goes, one that is retired is sealed as retired, so that it never signs
 * again. What a crash left undone is done here. @throws {KeyUnusable | StoreUnavailable}
 */
export async function tidy(place: KeyPlace): Promise<void> {
  const names = place.folder.names();
  for (const record of await place.storage.signingKeys.list()) {
    if (!names.includes(record.kid)) continue;
    if (record.state === 'removed') place.folder.remove(record.kid);
    if (record.state === 'retired') await sealRetired(place, record);
  }
}

/**
 * Seals a key as one that signs, where another node has let it sign and this one's file is as it was brought here.
 * @throws {KeyUnusable | StoreUnavailable}
 */
export async function sealActive({ folder, storage }: KeyPlace, { kid }: SigningKeyRecord, key: KeyObject): Promise<void> {
  if (folder.stateOf(kid) !== 'pending') return;
  const sealed = await folder.seal(kid, key, 'active');
  await storage.transaction(async (changes) => {
    const now = (await changes.signingKeys.list()).find((record) => record.kid === kid);
    if (now?.state === 'active' && folder.stateOf(kid) === 'pending') folder.put(kid, sealed);
  });
}

/** A key in the clear stays as it is until it is sealed; what cannot be opened cannot sign either, and is left for its removal. */
async function sealRetired({ folder, storage }: KeyPlace, { kid, alg }: SigningKeyRecord): Promise<void> {
  const key = await openUnretired(folder, kid, [KIND_OF[alg]]);
  if (!key) return;
  const sealed = await folder.seal(kid, key, 'retired');
  await storage.transaction(async (changes) => {
    const now = (await changes.signingKeys.list()).find((record) => record.kid === kid);
    if (now?.state === 'retired' && folder.names().includes(kid)) folder.put(kid, sealed);
  });
}

async function openUnretired(folder: KeyFolder, kid: string, kinds: readonly KeyKind[]): Promise<KeyObject | undefined> {
  try {
    const state = folder.stateOf(kid);
    return state === undefined || state === 'retired' ? undefined : await folder.open(kid, { kinds, states: [state] });
  } catch (error) {
    if (error instanceof KeyUnusable) return undefined;
    throw error;
  }
}
