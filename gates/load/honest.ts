import type { Credentials } from '../../fixtures/made-up-world.ts';
import { Connection } from '../../proving/connection.ts';
import type { DataDirectory } from '../../proving/data-directory.ts';
import { openPresigner, type Presigner } from '../../proving/presigner.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { ask, TOKEN } from './spending.ts';

/** Connections that ask, half of them kept, half of them new for each request. */
const CONNECTIONS = 8;

/** Signed at a time: they live two minutes. */
const SLICE = 400;

/** Clients that each do everything right, and must get a token for every request. */
export class Honest {
  readonly #directory: DataDirectory;
  readonly #client: Credentials;
  readonly #presigner: Presigner = openPresigner();
  #ready: Uint8Array[] = [];
  #signing: Promise<void> | undefined;
  #isOver = false;
  #asking: Promise<void>[] = [];
  #tokens = 0;
  readonly #failures: string[] = [];

  constructor(directory: DataDirectory, [client]: readonly Credentials[]) {
    if (!client) throw new RangeError('no client in the made-up world');
    this.#directory = directory;
    this.#client = client;
  }

  async begin(): Promise<void> {
    await this.#sign();
    this.#asking = Array.from({ length: CONNECTIONS }, (_, place) => this.#ask(place % 2 === 0));
  }

  /** @returns how many tokens there were, and what the other requests came to. */
  async end(): Promise<{ readonly tokens: number; readonly failures: readonly string[] }> {
    this.#isOver = true;
    await Promise.all(this.#asking);
    return { tokens: this.#tokens, failures: this.#failures };
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#asking);
    await this.#presigner.close();
  }

  async #ask(keeps: boolean): Promise<void> {
    const { port } = this.#directory;
    let connection = new Connection(port);
    while (!this.#isOver) {
      const request = this.#ready.pop();
      if (!request) {
        await this.#sign();
        continue;
      }
      const came = await ask(connection, request);
      if (came === TOKEN) this.#tokens++;
      else this.#failures.push(`an honest request got ${came}`);
      if (keeps) continue;
      connection.close();
      connection = new Connection(port);
    }
    connection.close();
  }

  /** Who waits for more meanwhile shares them. */
  #sign(): Promise<void> {
    const { issuer } = this.#directory;
    const order = { ...this.#client, audience: issuer, scope: 'prove:bygg.read' };
    this.#signing ??= this.#presigner
      .sign(Array.from({ length: SLICE }, () => order))
      .then((assertions) => {
        this.#ready = assertions.map((assertion) => tokenRequest(issuer, { grant_type: JWT_BEARER, assertion }));
      })
      .finally(() => {
        this.#signing = undefined;
      });
    return this.#signing;
  }
}
