import type { KeyObject } from 'node:crypto';
import type { SigningKeyRecord } from '../server/core/ports.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import { activeKey } from '../server/core/signing-key.ts';
import { inState, type KeyPlace, keep, makeKey, type NewKey } from './key-change.ts';
import { KeyUnusable } from './key-file.ts';
import type { KeyFolder } from './key-folder.ts';
import { KIND_OF } from './key-kind.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

/** The algorithms without a key that signs, the contract's first: a key that is found without its record is its own before another's. */
export function lacking(
  records: readonly SigningKeyRecord[],
  algorithms: readonly SigningAlgorithm[],
): readonly SigningAlgorithm[] {
  const wanted = new Set([CONTRACT_ALGORITHM, ...algorithms]);
  return [...wanted].filter((alg) => !activeKey(records, alg));
}

/**
 * Registers the keys that are lacking; they sign at once. A key's file is on the disk before its record is in the store: a crash between
 * the two leaves a whole file that nobody knows. The first of all keys is adopted from such a file, which is not removed: it is as good
 * as a new key, and where the database was lost it is the old one, which nothing could bring back. The transaction lets one process
 * through at a time, so racing starts agree. `PV-SEC-098`
 * @throws {KeyUnusable | StoreUnavailable}
 */
export async function establish(place: KeyPlace, algorithms: readonly SigningAlgorithm[]): Promise<readonly SigningKeyRecord[]> {
  const { folder, storage, clock } = place;
  const before = await storage.signingKeys.list();
  const found = before.length > 0 ? [] : await findUnregistered(folder, algorithms);
  const made = new Map<SigningAlgorithm, NewKey>();
  for (const alg of lacking(before, algorithms)) {
    if (!found.some((key) => fits(key, alg))) made.set(alg, await makeKey(place, alg, 'active'));
  }
  const at = Math.floor(clock.now());
  return storage.transaction(async (changes) => {
    const registered = await changes.signingKeys.list();
    const left = registered.length > 0 ? [] : [...found];
    for (const alg of lacking(registered, algorithms)) {
      const adopted = adopt(left, alg, folder.directory);
      const first = made.get(alg);
      if (adopted) await keep(changes, adoptedRecord(adopted, alg, at), { type: CREATED, at, details: { adopted: true } });
      else if (first) {
        folder.put(first.record.kid, first.sealed);
        await keep(changes, first.record, { type: CREATED, at, details: { adopted: false } });
      } else throw new Error(`the key for ${alg} was removed while the server started`);
    }
    return changes.signingKeys.list();
  });
}

const CREATED = 'signing_key.created';

/** The keys that signed, or were to sign, when the database was lost; those that did not sign yet, or any more, are left alone. */
async function findUnregistered(folder: KeyFolder, algorithms: readonly SigningAlgorithm[]): Promise<KeyObject[]> {
  const kinds = [...new Set(algorithms.map((alg) => KIND_OF[alg]))];
  const signed = folder.names().filter((kid) => (folder.stateOf(kid) ?? 'active') === 'active');
  return Promise.all(signed.map((kid) => folder.open(kid, { kinds, states: ['active'] })));
}

function fits({ asymmetricKeyType }: KeyObject, alg: SigningAlgorithm): boolean {
  return asymmetricKeyType === KIND_OF[alg];
}

/** Takes the one key that the algorithm could sign with out of those that were found. @throws {KeyUnusable} when there are several */
function adopt(found: KeyObject[], alg: SigningAlgorithm, directory: string): KeyObject | undefined {
  const fitting = found.filter((key) => fits(key, alg));
  const [key] = fitting;
  if (fitting.length > 1)
    throw new KeyUnusable(
      `${directory} holds ${fitting.length} keys for ${alg} and the database knows none: leave the one that shall sign`,
    );
  if (key) found.splice(found.indexOf(key), 1);
  return key;
}

function adoptedRecord(key: KeyObject, alg: SigningAlgorithm, at: number): SigningKeyRecord {
  const jwk = publicJwk(key);
  return inState({ kid: thumbprint(jwk), alg, jwk, created: at, state: 'generated' }, 'active', at);
}
