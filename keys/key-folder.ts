import type { KeyObject } from 'node:crypto';
import { join } from 'node:path';
import type { SigningKeyState } from '../server/core/signing-key.ts';
import {
  HALF_WRITTEN,
  KeyUnusable,
  listFiles,
  preparePrivateFolder,
  readPrivately,
  removeDurably,
  replacePrivately,
} from './key-file.ts';
import { assertKind, type KeyKind, readPrivateKey } from './key-kind.ts';
import type { MasterKey } from './master-key.ts';
import { type KeyPurpose, readSealedKey, rewrapKey, type SealedKey, sealKey, unsealKey, writeSealedKey } from './sealed-key.ts';
import { publicJwk, thumbprint } from './thumbprint.ts';

const SEALED = '.sealed';

/** From before keys were sealed. */
const PLAIN = '.pem';

/** In which forms a key is accepted. */
export type Accepted = { readonly kinds: readonly KeyKind[]; readonly states: readonly SigningKeyState[] };

/** The private keys of one purpose, a file each, named by `kid`: sealed, or from before in the clear. `PV-SEC-093`, `PV-SEC-095` */
export class KeyFolder {
  readonly directory: string;
  readonly #purpose: KeyPurpose;
  readonly #master: MasterKey;

  /** Makes the folder where it is missing. @throws {KeyUnusable} for one that is a link, another's, or open to others */
  constructor(directory: string, purpose: KeyPurpose, master: MasterKey) {
    preparePrivateFolder(directory);
    this.directory = directory;
    this.#purpose = purpose;
    this.#master = master;
  }

  /** The `kid`s of all keys here. */
  names(): readonly string[] {
    return [...new Set([...this.#named(SEALED), ...this.#named(PLAIN)])];
  }

  /** The `kid`s of those that lie here in the clear. */
  plain(): readonly string[] {
    return this.#named(PLAIN);
  }

  #named(ending: string): readonly string[] {
    const files = listFiles(this.directory).filter((name) => name.endsWith(ending));
    return files.map((name) => name.slice(0, -ending.length));
  }

  /** Where the key of that name lies, or would lie. */
  path(kid: string): string {
    return join(this.directory, `${kid}${this.#isPlain(kid) ? PLAIN : SEALED}`);
  }

  #isPlain(kid: string): boolean {
    const files = listFiles(this.directory);
    return files.includes(`${kid}${PLAIN}`) && !files.includes(`${kid}${SEALED}`);
  }

  /**
   * The private key of that name.
   * @throws {KeyUnusable} when it is missing, changed, cut off, sealed by another master key or in another state, or another key
   */
  async open(kid: string, { kinds, states }: Accepted): Promise<KeyObject> {
    const path = this.path(kid);
    const key = this.#isPlain(kid) ? readPrivateKey(path, kinds) : await this.#unseal(this.#read(kid), states);
    assertKind(path, key, kinds);
    if (thumbprint(publicJwk(key)) === kid) return key;
    throw new KeyUnusable(`${path} holds another key than its name says: restore it from a backup`);
  }

  async #unseal(sealed: SealedKey, states: readonly SigningKeyState[]): Promise<KeyObject> {
    const path = this.path(sealed.kid);
    if (!states.includes(sealed.state))
      throw new KeyUnusable(
        `${path} is sealed as ${sealed.state}, and the database says ${states[0]}: restore both from one backup, or copy it anew from the node that lets it sign`,
      );
    const key = await unsealKey(sealed, this.#master);
    if (typeof key === 'string') throw unopened(path, key);
    return key;
  }

  /** What lies in a file as it stands there; nothing of it has been proven. */
  #read(kid: string): SealedKey {
    const path = join(this.directory, `${kid}${SEALED}`);
    const sealed = readSealedKey(readPrivately(path).toString('utf8'));
    if (!sealed) throw new KeyUnusable(`${path} is no sealed key, or was cut off: restore it from a backup`);
    if (sealed.kid === kid && sealed.purpose === this.#purpose) return sealed;
    throw new KeyUnusable(`${path} holds another key than its name says: restore it from a backup`);
  }

  /** The state that the file says the key is in; undefined for one in the clear, and for none. @throws {KeyUnusable} */
  stateOf(kid: string): SigningKeyState | undefined {
    return this.#named(SEALED).includes(kid) ? this.#read(kid).state : undefined;
  }

  /** Seals a key: what {@link put} writes. @throws {KeyUnusable} where the master key cannot be used */
  async seal(kid: string, key: KeyObject, state: SigningKeyState): Promise<string> {
    return writeSealedKey(await sealKey(key, { kid, purpose: this.#purpose, state }, this.#master));
  }

  /** Writes a sealed key durably, and takes away the one that lay there in the clear. Synchronous: it stands inside a transaction. */
  put(kid: string, sealed: string): void {
    const path = join(this.directory, `${kid}${SEALED}`);
    replacePrivately(path, sealed);
    if (!this.#named(PLAIN).includes(kid)) return;
    if (readPrivately(path).toString('utf8') !== sealed)
      throw new KeyUnusable(`${path} was not written as it should: look at the disk`);
    removeDurably(join(this.directory, `${kid}${PLAIN}`));
  }

  /** Takes a key away for good, in whatever form it lies here. */
  remove(kid: string): void {
    for (const ending of [SEALED, PLAIN]) removeDurably(join(this.directory, `${kid}${ending}`));
  }

  /** Takes away what was half-written when a process ended. Inside a transaction, where nobody writes. */
  clear(): void {
    for (const name of listFiles(this.directory)) if (name.endsWith(HALF_WRITTEN)) removeDurably(join(this.directory, name));
  }

  /**
   * A sealed key, wrapped by the master key that is used now: for {@link putUnchanged}.
   * @returns undefined for one that it has wrapped already, and for one in the clear. @throws {KeyUnusable}
   */
  async rewrapped(kid: string): Promise<{ readonly before: string; readonly after: string } | undefined> {
    if (this.#isPlain(kid)) return undefined;
    const sealed = this.#read(kid);
    if (await this.#master.hasWrapped(sealed.wrapped)) return undefined;
    const again = await rewrapKey(sealed, this.#master);
    if (typeof again === 'string') throw unopened(this.path(kid), again);
    return { before: writeSealedKey(sealed), after: writeSealedKey(again) };
  }

  /** Writes a key that was sealed anew, unless somebody has changed it meanwhile. @returns whether it was written */
  putUnchanged(kid: string, { before, after }: { readonly before: string; readonly after: string }): boolean {
    if (!this.#named(SEALED).includes(kid) || writeSealedKey(this.#read(kid)) !== before) return false;
    this.put(kid, after);
    return true;
  }
}

function unopened(path: string, why: 'another' | 'changed'): KeyUnusable {
  return new KeyUnusable(
    why === 'changed'
      ? `${path} was changed since it was sealed: restore it from a backup`
      : `${path} is sealed by another master key, or the passphrase is wrong: name the right one in keys.master, or keys.former until it is rewrapped`,
  );
}
