import type { Clock, Random, Signer } from '../core/ports.ts';
import { MINUTE } from '../core/time.ts';
import { JWT_BEARER } from '../core/token-request.ts';
import type { Tracing } from '../core/tracing.ts';
import { HttpService, NoAnswer } from './http-service.ts';
import { isRecord, readJson } from './read-json.ts';

/** How long before its end a token is used no more, in seconds. */
const MARGIN = 10;

/** As whom a token is fetched, and where. */
export type OwnClient = {
  /** The issuer there, with its final slash. */
  readonly issuer: string;
  readonly clientId: string;
  /** The registered key of the client; its `kid` is the key's thumbprint. */
  readonly key: Signer;
  readonly clock: Clock;
  readonly random: Random;
  readonly tracing?: Pick<Tracing, 'outbound'> | undefined;
};

/** How long a token is waited for, and what its request carries besides, where one has to be made. */
export type Wait = { readonly signal: AbortSignal; readonly headers?: Readonly<Record<string, string>> };

/** Our own tokens from another token server: one for each scope, fetched when it is needed and used until shortly before its end. */
export class OwnTokens {
  readonly #client: OwnClient;
  readonly #service: HttpService;
  readonly #elapsed: () => number;
  readonly #held = new Map<string, { readonly token: string; readonly until: number }>();
  readonly #coming = new Map<string, Promise<string>>();

  constructor(client: OwnClient, elapsed: () => number = () => performance.now()) {
    this.#client = client;
    this.#service = new HttpService(client.issuer, client.tracing);
    this.#elapsed = elapsed;
  }

  /** A token with the scope. Who asks while it is being fetched shares it. @throws {Unreachable | NoAnswer | Unasked} */
  async get(scope: string, wait: Wait): Promise<string> {
    const held = this.#held.get(scope);
    if (held && held.until > this.#elapsed()) return held.token;
    const coming = this.#coming.get(scope) ?? this.#fetch(scope, wait);
    this.#coming.set(scope, coming);
    return coming;
  }

  /** Uses a token no more that was refused. */
  forget(scope: string): void {
    this.#held.delete(scope);
  }

  async close(): Promise<void> {
    await this.#service.close();
  }

  async #fetch(scope: string, { signal, headers }: Wait): Promise<string> {
    try {
      const assertion = await this.#assertion(scope);
      const { status, body } = await this.#service.ask(
        {
          method: 'POST',
          path: '/token',
          headers: { ...headers, 'Content-Type': 'application/x-www-form-urlencoded', Accept: 'application/json' },
          body: new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString(),
        },
        signal,
      );
      if (status !== 200) throw new NoAnswer(`issues no token for ${scope}: ${status}${codeOf(body)}`);
      const { token, lifetime } = readToken(body);
      this.#held.set(scope, { token, until: this.#elapsed() + (lifetime - MARGIN) * 1000 });
      return token;
    } finally {
      this.#coming.delete(scope);
    }
  }

  #assertion(scope: string): Promise<string> {
    const { issuer, clientId, key, clock, random } = this.#client;
    const iat = Math.floor(clock.now());
    return key.sign({ aud: issuer, iss: clientId, scope, iat, exp: iat + MINUTE, jti: random.uuid() });
  }
}

function readToken(body: string): { readonly token: string; readonly lifetime: number } {
  const answer = readJson(body);
  if (!isRecord(answer)) throw new NoAnswer('issues what is no token');
  const { access_token: token, expires_in: lifetime } = answer;
  if (typeof token !== 'string' || !/^[A-Za-z0-9._~+/-]+=*$/.test(token) || typeof lifetime !== 'number')
    throw new NoAnswer('issues what is no token');
  return { token, lifetime };
}

/** The code of a refusal, where it has the form of one. */
function codeOf(body: string): string {
  const code = /\/errors\/((?:MP|PV)-\d{3})"/.exec(body)?.[1];
  return code === undefined ? '' : `, ${code}`;
}
