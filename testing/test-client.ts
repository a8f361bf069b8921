import { createPrivateKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DevClient, listDevClients } from '../cli/dev-client.ts';
import { nearest } from '../cli/nearest.ts';
import { makeAssertion } from '../fixtures/assertion.ts';

/** What a client of the test's own world signs with: a world holds public keys alone. */
export type TestKey = {
  /** A private RSA key, or one in PEM. */
  readonly key: KeyObject | string;
  /** The `kid` that it is registered by… */
  readonly kid?: string;
  /** …or the enterprise certificate and its chain, base64 DER, the leaf first. */
  readonly x5c?: readonly string[];
};

/** What an assertion says. The contract's claims, in the library's spelling. */
export type TestRequest = {
  /** Name or id of a client of the world. */
  readonly client: string;
  /** One scope, or several with spaces between. */
  readonly scope?: string;
  /** The organisation that the client acts for. */
  readonly consumerOrg?: string;
  /** Addresses of the APIs that the token is for. */
  readonly resource?: string | readonly string[];
  /** Further claims, or others in place of the usual; undefined takes one out. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Further members of the header, or others in place of the usual; undefined takes one out. */
  readonly header?: Readonly<Record<string, unknown>>;
  /** Signs in place of the client's own key. */
  readonly key?: KeyObject | string;
};

/** A client of the world, as a test names it. */
export type TestClient = {
  readonly name: string;
  readonly clientId: string;
  readonly orgno: string;
  readonly scopes: readonly string[];
};

/** The clients of a world, and what they sign. */
export class TestClients {
  readonly #clients: readonly DevClient[];
  readonly #keys: ReadonlyMap<string, TestKey>;

  private constructor(clients: readonly DevClient[], keys: ReadonlyMap<string, TestKey>) {
    this.#clients = clients;
    this.#keys = keys;
  }

  /**
   * The clients in the data folder of a server.
   * @param given keys of the test's own, by name or id of the client.
   * @throws {TypeError} for a key of a client that is not there
   */
  static async of(dataDir: string, given: Readonly<Record<string, TestKey>> = {}): Promise<TestClients> {
    const clients = await listDevClients(dataDir);
    const keys = new Map<string, TestKey>();
    for (const client of clients) {
      const key = await keyInWorld(client, dataDir);
      if (key) keys.set(client.client_id, key);
    }
    const all = new TestClients(clients, keys);
    for (const [name, key] of Object.entries(given)) keys.set(all.#find(name).client_id, key);
    return all;
  }

  list(): readonly TestClient[] {
    return this.#clients.map(({ name, client_id, client_orgno, scopes }) => {
      return { name, clientId: client_id, orgno: client_orgno, scopes };
    });
  }

  /**
   * An assertion that the client signs, sound or not. RFC 7523 §3
   * @throws {TypeError} when the client, or what it signs with, is not there
   */
  async sign(request: TestRequest, { audience, now }: { readonly audience: string; readonly now: number }): Promise<string> {
    const { client_id: clientId, name } = this.#find(request.client);
    const known = this.#keys.get(clientId);
    const key = request.key ?? known?.key;
    if (key === undefined) throw new TypeError(`the private key of ${name} is not in the world: give it in keys`);
    const { scope, consumerOrg, resource, claims, header = {} } = request;
    return makeAssertion({
      ...{ clientId, audience, now, header },
      key: typeof key === 'string' ? readKey(key, name) : key,
      ...(scope !== undefined && { scope }),
      ...(known?.kid !== undefined && { kid: known.kid }),
      ...(known?.x5c && { x5c: known.x5c }),
      claims: {
        ...(consumerOrg !== undefined && { consumer_org: consumerOrg }),
        ...(resource !== undefined && { resource }),
        ...claims,
      },
    });
  }

  #find(name: string): DevClient {
    const client = this.#clients.find((candidate) => candidate.name === name || candidate.client_id === name);
    if (client) return client;
    const names = this.#clients.map((candidate) => candidate.name);
    // Not every test is type-checked.
    const near = nearest(String(name), names);
    throw new TypeError(
      `there is no client "${name}" in this world; ${near ? `did you mean ${near}?` : `it has ${names.join(', ')}`}`,
    );
  }
}

/** @throws {TypeError} naming whose key cannot be read */
function readKey(pem: string, name: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new TypeError(`the key of ${name} is not a private key in PEM`, { cause });
  }
}

async function keyInWorld({ key_file, kid, chain_file }: DevClient, dataDir: string): Promise<TestKey | undefined> {
  if (key_file === undefined) return undefined;
  const key = createPrivateKey(await readFile(join(dataDir, key_file), 'utf8'));
  const chain = chain_file === undefined ? undefined : await readFile(join(dataDir, chain_file), 'utf8');
  return { key, ...(kid !== undefined && { kid }), ...(chain !== undefined && { x5c: certificates(chain) }) };
}

/** PEM to base64 DER. RFC 7468 §5 */
function certificates(pem: string): readonly string[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map(([, text = '']) =>
    text.replace(/\s/g, ''),
  );
}
