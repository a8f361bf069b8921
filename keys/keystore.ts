import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk } from '../server/core/client.ts';
import type { Changes, Clock, Signer, SigningKeyRecord, Storage } from '../server/core/ports.ts';
import { KeyUnusable, keyPath, listKeyFiles, preparePrivateFolder, readKeyFile, writeKeyFile } from './key-file.ts';
import { createSigner, SIGNING_ALGORITHM } from './signer.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

export { KeyUnusable } from './key-file.ts';

/** The server's own signing keys. */
export type Keystore = {
  readonly signer: Signer;
  /** The public keys as `/jwk` answers them. Contract §4.2 */
  jwks(): { readonly keys: readonly PublicJwk[] };
};

/** Where the keys lie, and what is known of them. */
export type KeystorePlace = {
  /** The folder of the private keys, one PKCS#8 PEM file each, named by `kid`. */
  readonly directory: string;
  readonly storage: Storage;
  readonly clock: Clock;
};

/**
 * Opens the signing keys; at the first start, when none is registered, one is made. A key that is registered but cannot be used is
 * an error, never a reason to make a new one. The newest key signs.
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-095`, `PV-SEC-097`
 * @throws {StoreUnavailable}
 */
export async function openKeystore(place: KeystorePlace): Promise<Keystore> {
  const { directory, storage } = place;
  preparePrivateFolder(directory);
  const registered = await storage.signingKeys.list();
  const records = registered.length > 0 ? registered : await establish(place);
  const signers = records.map((record) => createSigner(record.kid, load(directory, record)));
  const signer = signers.at(-1);
  if (!signer) throw new Error('no signing key is registered after one was made');
  const published = { keys: records.map(publish) };
  return { signer, jwks: () => published };
}

/** A size that every verifier of RS256 handles, and the cheapest that is safe before 2030. `PV-SEC-097` */
const MODULUS_LENGTH = 2048;

/**
 * Registers the first key. Its file is on the disk before its record is in the store: a crash between the two leaves a whole file
 * that nobody knows. It is adopted, not removed: it is as good as a new key, and where the database was lost it is the old one,
 * which nothing could bring back. The transaction lets one process through at a time, so racing starts agree on one key.
 */
async function establish({ directory, storage, clock }: KeystorePlace): Promise<readonly SigningKeyRecord[]> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength: MODULUS_LENGTH });
  const at = Math.floor(clock.now());
  return storage.transaction(async (changes) => {
    const registered = await changes.signingKeys.list();
    if (registered.length > 0) return registered;
    const adopted = findUnregistered(directory);
    const jwk = publicJwk(adopted ?? privateKey);
    const record = { kid: thumbprint(jwk), alg: SIGNING_ALGORITHM, jwk, created: at };
    if (!adopted) writeKeyFile(directory, record.kid, privateKey);
    await register(record, { changes, adopted: adopted !== undefined });
    return [record];
  });
}

function findUnregistered(directory: string): KeyObject | undefined {
  const kids = listKeyFiles(directory);
  const [kid] = kids;
  if (kids.length > 1)
    throw new KeyUnusable(`${directory} holds ${kids.length} keys and the database knows none: leave the one that shall sign`);
  return kid === undefined ? undefined : readNamedKey(directory, kid);
}

async function register(
  record: SigningKeyRecord,
  { changes, adopted }: { readonly changes: Changes; readonly adopted: boolean },
): Promise<void> {
  await changes.signingKeys.put(record);
  await changes.audit.append({
    type: 'signing_key.created',
    at: record.created,
    correlationId: randomBytes(16).toString('hex'),
    details: { kid: record.kid, alg: record.alg, adopted },
  });
}

/** The private key of a record, and no other. @throws {KeyUnusable} */
function load(directory: string, { kid, jwk }: SigningKeyRecord): KeyObject {
  if (thumbprint(jwk) !== kid)
    throw new KeyUnusable(`the signing key ${kid} is registered with another public key: restore the database`);
  return readNamedKey(directory, kid);
}

function readNamedKey(directory: string, kid: string): KeyObject {
  const key = readKeyFile(directory, kid);
  if (thumbprint(publicJwk(key)) !== kid)
    throw new KeyUnusable(`${keyPath(directory, kid)} holds another key than its name says: restore it from a backup`);
  return key;
}

/** Public members only, in the contract's order. Contract §4.2 */
function publish({ kid, alg, jwk: { kty, e, n } }: SigningKeyRecord): PublicJwk {
  return { kty, e, use: 'sig', kid, n, alg };
}
