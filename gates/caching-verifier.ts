import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';

/** Asks the server for its keys, and says for how long they may be kept, in seconds. */
export type FetchKeys = () => Promise<{
  readonly keys: readonly (JsonWebKey & { readonly kid?: string })[];
  readonly maxAge: number;
}>;

/**
 * An API that keeps the keys for its time, and asks for them no sooner whatever token it meets: the strictest that there is. `PV-SEC-100`
 */
export class CachingVerifier {
  readonly #fetch: FetchKeys;
  readonly #keep: number | undefined;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #until = Number.NEGATIVE_INFINITY;
  fetches = 0;

  /** @param keep how long it keeps what it has fetched, in seconds; absent: as the answer says. */
  constructor(fetch: FetchKeys, keep?: number) {
    this.#fetch = fetch;
    this.#keep = keep;
  }

  /** @returns why the token is not believed; undefined when it is. */
  async judge(token: string, now: number): Promise<string | undefined> {
    if (now >= this.#until) await this.#renew(now);
    const [header = '', payload = '', signature = ''] = token.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString());
    const key = this.#keys.get(kid);
    if (!key) return `the key ${kid} is not among those kept until ${this.#until}`;
    const input = Buffer.from(`${header}.${payload}`);
    return verify('sha256', input, key, Buffer.from(signature, 'base64url')) ? undefined : `the signature is not that of ${kid}`;
  }

  async #renew(now: number): Promise<void> {
    const { keys, maxAge } = await this.#fetch();
    this.fetches++;
    this.#until = now + (this.#keep ?? maxAge);
    this.#keys = new Map(keys.map((jwk) => [String(jwk.kid), createPublicKey({ key: jwk, format: 'jwk' })]));
  }
}
