import type { KeyObject } from 'node:crypto';
import type { PublicJwk } from '../server/core/client.ts';
import { Fault } from '../server/core/fault.ts';
import type { Log, Signer, SigningKeyRecord, TokenSigner } from '../server/core/ports.ts';
import { CONTRACT_ALGORITHM, type SigningAlgorithm } from '../server/core/signing-algorithm.ts';
import { activeKey, isPublished } from '../server/core/signing-key.ts';
import { establish, lacking } from './first-keys.ts';
import { sealActive, sealPlain, signingKeysAtRest } from './key-care.ts';
import type { KeyPlace } from './key-change.ts';
import { KeyUnusable } from './key-file.ts';
import { KIND_OF } from './key-kind.ts';
import { createSigner } from './signer.ts';
import { thumbprint } from './thumbprint.ts';

export { KeyUnusable } from './key-file.ts';

/** The public keys as `/jwk` answers them. Contract §4.2 */
export type Jwks = { readonly keys: readonly PublicJwk[] };

/** The server's own signing keys, as the store has them now, whoever changes them. */
export type Keystore = {
  readonly place: KeyPlace;
  readonly signer: TokenSigner;
  /** What is published now. @throws {StoreUnavailable} */
  jwks(): Promise<Jwks>;
  /**
   * Reads anew what the store has: to be called when it may have changed, before anything is signed.
   * @throws {Fault} PV-506 when a key that signs cannot be loaded: then nothing is signed. `PV-SEC-099`
   * @throws {StoreUnavailable}
   */
  follow(): Promise<void>;
  /** As {@link follow}, where the store has changed. */
  current(): Promise<void>;
  /**
   * The `kid`s of the keys that this process could sign with, now or when their time comes; what it could not load before is tried anew.
   * @throws {StoreUnavailable}
   */
  held(): Promise<readonly string[]>;
  /** The `kid`s of the keys that lie in the clear. */
  plain(): readonly string[];
};

/** Where the keys lie, what is known of them, and what is signed with: the contract's algorithm alone unless told. */
export type KeystorePlace = KeyPlace & {
  readonly algorithms?: readonly SigningAlgorithm[];
  /** Whether keys in the clear are sealed now. */
  readonly sealsPlain?: boolean;
  readonly log?: Log | undefined;
};

/**
 * Opens the signing keys; one is made for each algorithm that has none. A key that is registered and cannot be used is an error, never a
 * reason to make a new one; one that is retired is not looked for.
 * @throws {KeyUnusable} naming the file and the remedy. `PV-SEC-093`, `PV-SEC-095`, `PV-SEC-097`
 * @throws {StoreUnavailable}
 */
export async function openKeystore({
  algorithms = [CONTRACT_ALGORITHM],
  sealsPlain = false,
  log,
  ...place
}: KeystorePlace): Promise<Keystore> {
  const { folder, storage, clock } = place;
  if (lacking(await storage.signingKeys.list(), algorithms).length > 0) await establish(place, algorithms);
  if (sealsPlain && folder.plain().length > 0) {
    const keys = signingKeysAtRest(await storage.signingKeys.list());
    await sealPlain({ folder, storage, at: Math.floor(clock.now()) }, keys);
  }
  const keys = new LoadedKeys(place, new Set([CONTRACT_ALGORITHM, ...algorithms]), log);
  await keys.follow();
  const jwks = async (): Promise<Jwks> => {
    // Whoever verifies is told of every key, whether or not this process can sign.
    await keys.current().catch(passUnusable);
    return keys.published;
  };
  return {
    ...{ place, jwks },
    signer: { sign: (claims, alg) => keys.signer(alg).sign(claims) },
    follow: () => keys.follow().catch(throwFault),
    current: () => keys.current().catch(throwFault),
    held: async () => {
      await keys.follow().catch(passUnusable);
      return keys.kids();
    },
    plain: () => folder.plain(),
  };
}

function throwFault(error: unknown): never {
  throw error instanceof KeyUnusable ? new Fault('PV-506', { retryAfter: 2, detail: error.message, cause: error }) : error;
}

function passUnusable(error: unknown): void {
  if (!(error instanceof KeyUnusable)) throw error;
}

/**
 * The keys that this process holds: those that sign, and those that will, here or elsewhere, so that they can when their time comes.
 * `PV-SEC-099`
 */
class LoadedKeys {
  readonly #place: KeyPlace;
  readonly #algorithms: ReadonlySet<SigningAlgorithm>;
  readonly #log: Log | undefined;
  #keys = new Map<string, KeyObject>();
  #signers: ReadonlyMap<SigningAlgorithm, Signer> = new Map();
  #records = '';
  #version: number | undefined;
  #following: Promise<void> = Promise.resolve();
  /** The keys that this process has known as pending: of those it has seen for itself that they came to sign. */
  readonly #awaited = new Set<string>();
  /** What was told of keys that cannot be used, so that it is told once. */
  readonly #told = new Set<string>();
  published: Jwks = { keys: [] };

  constructor(place: KeyPlace, algorithms: ReadonlySet<SigningAlgorithm>, log: Log | undefined) {
    this.#place = place;
    this.#algorithms = algorithms;
    this.#log = log;
  }

  signer(alg: SigningAlgorithm): Signer {
    const signer = this.#signers.get(alg);
    if (!signer) throw new Error(`no key signs with ${alg}: it is not set`);
    return signer;
  }

  kids(): readonly string[] {
    return [...this.#keys.keys()];
  }

  async current(): Promise<void> {
    const { version } = await this.#place.storage.standing();
    if (version === this.#version) return;
    await this.follow();
    this.#version = version;
  }

  /** One after the other, so that what is read first is not taken for the last. */
  follow(): Promise<void> {
    this.#following = this.#following.catch(() => {}).then(() => this.#read());
    return this.#following;
  }

  async #read(): Promise<void> {
    const records = await this.#place.storage.signingKeys.list();
    const text = JSON.stringify(records);
    if (text === this.#records) return;
    this.published = { keys: records.filter(isPublished).map(publish) };
    for (const { kid, state } of records) if (state === 'pending') this.#awaited.add(kid);
    // Those that will sign, and those that sign where their algorithm is set.
    const others = records.filter(({ state, alg }) => state === 'pending' || (state === 'active' && !this.#algorithms.has(alg)));
    const waiting = await this.#loadOthers(others);
    // They are held also where one that signs here is lacking.
    this.#keys = new Map([...this.#keys, ...waiting]);
    const signing = new Map<string, KeyObject>();
    const signers = new Map<SigningAlgorithm, Signer>();
    for (const alg of this.#algorithms) {
      const active = activeKey(records, alg);
      if (!active) continue;
      const key = await this.#load(active).catch((error: unknown) => this.#orNewer(text, error));
      if (!key) return this.#read();
      signing.set(active.kid, key);
      signers.set(alg, createSigner(active.kid, key, alg));
    }
    this.#keys = new Map([...signing, ...waiting]);
    await this.#sealAwaited(records);
    this.#signers = signers;
    // What is lacking may be brought here without a change of what the store has.
    this.#records = others.every(({ kid }) => waiting.has(kid)) ? text : '';
  }

  async #loadOthers(records: readonly SigningKeyRecord[]): Promise<Map<string, KeyObject>> {
    const keys = new Map<string, KeyObject>();
    for (const record of records) {
      const key = await this.#load(record).catch((error: unknown) => this.#warn(record, error));
      if (key) keys.set(record.kid, key);
    }
    return keys;
  }

  async #sealAwaited(records: readonly SigningKeyRecord[]): Promise<void> {
    for (const record of records) {
      const key = this.#keys.get(record.kid);
      if (!key || record.state !== 'active' || !this.#awaited.has(record.kid)) continue;
      await sealActive(this.#place, record, key).catch((error: unknown) => this.#warn(record, error, 'sealed as one that signs'));
    }
  }

  /** The private key of a record, and no other. @throws {KeyUnusable} */
  async #load({ kid, jwk, alg, state }: SigningKeyRecord): Promise<KeyObject> {
    const loaded = this.#keys.get(kid);
    if (loaded) return loaded;
    if (thumbprint(jwk) !== kid)
      throw new KeyUnusable(`the signing key ${kid} is registered with another public key: restore the database`);
    // A key that is to sign is sealed so before its record says it: what was interrupted there is begun anew. Where another node lets it
    // sign, the file that was brought here is as it was before.
    const states = state === 'pending' || this.#awaited.has(kid) ? ([state, 'pending', 'active'] as const) : [state];
    return this.#place.folder.open(kid, { kinds: [KIND_OF[alg]], states });
  }

  /** Somebody may have changed the keys while they were read. @throws what was thrown, where nobody has */
  async #orNewer(text: string, error: unknown): Promise<undefined> {
    if (JSON.stringify(await this.#place.storage.signingKeys.list()) === text) throw error;
  }

  #warn({ kid }: SigningKeyRecord, error: unknown, what = 'loaded'): undefined {
    if (!(error instanceof KeyUnusable)) throw error;
    const [message, detail] = [`a signing key that is published cannot be ${what}`, `${kid}: ${error.message}`];
    if (this.#told.has(message + detail)) return;
    this.#told.add(message + detail);
    this.#log?.error(message, { detail });
  }
}

/** Public members only, in the contract's order. Contract §4.2 */
function publish({ kid, alg, jwk }: SigningKeyRecord): PublicJwk {
  const { kty, e, n } = jwk;
  return kty === 'RSA' ? { kty, e, use: 'sig', kid, n, alg } : { ...jwk, use: 'sig', kid, alg };
}
