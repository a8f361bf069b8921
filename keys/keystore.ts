import { generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk } from '../server/core/client.ts';
import type { Changes, Clock, Signer, SigningKeyRecord, Storage, TokenSigner } from '../server/core/ports.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import { type KeyKind, KeyUnusable, keyPath, listKeyFiles, preparePrivateFolder, readKeyFile, writeKeyFile } from './key-file.ts';
import { createSigner } from './signer.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

export { KeyUnusable } from './key-file.ts';

/** The server's own signing keys. */
export type Keystore = {
  readonly signer: TokenSigner;
  /** The public keys as `/jwk` answers them. Contract §4.2 */
  jwks(): { readonly keys: readonly PublicJwk[] };
};

/** Where the keys lie, and what is known of them. */
export type KeystorePlace = {
  /** The folder of the private keys, one PKCS#8 PEM file each, named by `kid`. */
  readonly directory: string;
  readonly storage: Storage;
  readonly clock: Clock;
  /** What is signed with, the contract's algorithm among them: it alone unless told. */
  readonly algorithms?: readonly SigningAlgorithm[];
};

/**
 * Opens the signing keys; one is made for each algorithm that has none. A key that is registered but cannot be used is an error,
 * never a reason to make a new one. The newest key of an algorithm signs; those of an algorithm that is set no more stay published.
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-095`, `PV-SEC-097`
 * @throws {StoreUnavailable}
 */
export async function openKeystore(place: KeystorePlace): Promise<Keystore> {
  const { directory, storage, algorithms = [CONTRACT_ALGORITHM] } = place;
  preparePrivateFolder(directory);
  const registered = await storage.signingKeys.list();
  const records = lacking(registered, algorithms).length > 0 ? await establish(place, algorithms) : registered;
  const signers = new Map(records.map((record) => [record.alg, createSigner(record.kid, load(directory, record), record.alg)]));
  const published = { keys: records.map(publish) };
  return { signer: { sign: (claims, alg) => signerOf(signers, alg).sign(claims) }, jwks: () => published };
}

function signerOf(signers: ReadonlyMap<SigningAlgorithm, Signer>, alg: SigningAlgorithm): Signer {
  const signer = signers.get(alg);
  if (!signer) throw new Error(`no key signs with ${alg}: it is not set`);
  return signer;
}

/** The algorithms without a key, the contract's first: a key that is found without its record is its own before another's. */
function lacking(records: readonly SigningKeyRecord[], algorithms: readonly SigningAlgorithm[]): readonly SigningAlgorithm[] {
  const wanted = new Set([CONTRACT_ALGORITHM, ...algorithms]);
  return [...wanted].filter((algorithm) => !records.some(({ alg }) => alg === algorithm));
}

/** A size that every verifier of RS256 handles, and the cheapest that is safe before 2030. `PV-SEC-097` */
const MODULUS_LENGTH = 2048;

/** The kind of key that each algorithm signs with. RFC 7518 §3.1, RFC 8037 §3.1 */
const KINDS: Readonly<Record<SigningAlgorithm, KeyKind>> = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

/**
 * Registers the keys that are lacking. A key's file is on the disk before its record is in the store: a crash between the two leaves
 * a whole file that nobody knows. The first of all keys is adopted from such a file, which is not removed: it is as good as a new
 * key, and where the database was lost it is the old one, which nothing could bring back. The transaction lets one process through
 * at a time, so racing starts agree.
 */
async function establish(
  { directory, storage, clock }: KeystorePlace,
  algorithms: readonly SigningAlgorithm[],
): Promise<readonly SigningKeyRecord[]> {
  const made = new Map<SigningAlgorithm, KeyObject>();
  for (const alg of lacking(await storage.signingKeys.list(), algorithms)) made.set(alg, await generate(KINDS[alg]));
  const created = Math.floor(clock.now());
  return storage.transaction(async (changes) => {
    const registered = await changes.signingKeys.list();
    const found = registered.length > 0 ? [] : findUnregistered(directory, algorithms);
    for (const alg of lacking(registered, algorithms)) {
      const adopted = adopt(found, alg, directory);
      const key = adopted ?? made.get(alg);
      if (!key) throw new Error(`the key for ${alg} was removed while the server started`);
      const jwk = publicJwk(key);
      const record = { kid: thumbprint(jwk), alg, jwk, created };
      if (!adopted) writeKeyFile(directory, record.kid, key);
      await register(record, { changes, adopted: adopted !== undefined });
    }
    return changes.signingKeys.list();
  });
}

async function generate(kind: KeyKind): Promise<KeyObject> {
  const make = promisify(generateKeyPair);
  if (kind === 'rsa') return (await make('rsa', { modulusLength: MODULUS_LENGTH })).privateKey;
  if (kind === 'ec') return (await make('ec', { namedCurve: 'P-256' })).privateKey;
  return (await make('ed25519')).privateKey;
}

function findUnregistered(directory: string, algorithms: readonly SigningAlgorithm[]): KeyObject[] {
  const kinds = [...new Set(algorithms.map((alg) => KINDS[alg]))];
  return listKeyFiles(directory).map((kid) => readNamedKey(directory, kid, kinds));
}

/** Takes the one key that the algorithm could sign with out of those that were found. @throws {KeyUnusable} when there are several */
function adopt(found: KeyObject[], alg: SigningAlgorithm, directory: string): KeyObject | undefined {
  const fitting = found.filter(({ asymmetricKeyType }) => asymmetricKeyType === KINDS[alg]);
  const [key] = fitting;
  if (fitting.length > 1)
    throw new KeyUnusable(
      `${directory} holds ${fitting.length} keys for ${alg} and the database knows none: leave the one that shall sign`,
    );
  if (key) found.splice(found.indexOf(key), 1);
  return key;
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
function load(directory: string, { kid, jwk, alg }: SigningKeyRecord): KeyObject {
  if (thumbprint(jwk) !== kid)
    throw new KeyUnusable(`the signing key ${kid} is registered with another public key: restore the database`);
  return readNamedKey(directory, kid, [KINDS[alg]]);
}

function readNamedKey(directory: string, kid: string, kinds: readonly KeyKind[]): KeyObject {
  const key = readKeyFile(directory, kid, kinds);
  if (thumbprint(publicJwk(key)) !== kid)
    throw new KeyUnusable(`${keyPath(directory, kid)} holds another key than its name says: restore it from a backup`);
  return key;
}

/** Public members only, in the contract's order. Contract §4.2 */
function publish({ kid, alg, jwk }: SigningKeyRecord): PublicJwk {
  const { kty, e, n } = jwk;
  return kty === 'RSA' ? { kty, e, use: 'sig', kid, n, alg } : { ...jwk, use: 'sig', kid, alg };
}
