import type { z } from 'zod';
import type { AdminScope } from '../server/core/admin-scopes.ts';
import type { EpochSeconds } from '../server/core/time.ts';
import { AdminTokens } from './admin-token.ts';
import { apiFailure } from './api-failure.ts';
import type { ChangeOptions } from './api-options.ts';
import { chooseContext, chooseServer, type NamedContext, withSlash } from './context.ts';
import { ask, readBody } from './http.ts';
import type { Reply } from './reply.ts';
import type { Terminal } from './terminal.ts';

/** An address below the API's base, with its query. */
export type Address = string;

/** What a call takes along. */
export type CallOptions = {
  /** Any of these opens the address; empty for the public ones, which take no token. Contract §5.1.2 */
  readonly scopes: readonly AdminScope[];
  readonly body?: object;
  /** The ETag that the object must still have. RFC 9110 §13.1.1 */
  readonly ifMatch?: string;
};

/** What the API answered. */
export type Answer<T> = {
  readonly object: T;
  readonly etag?: string;
  /** Where the next page of a list is. RFC 8288 */
  readonly next?: Address;
  readonly correlationId: string;
};

/**
 * Makes an address: what is put into the text is percent-encoded, so that no name can change where a call goes.
 * @example path`/clients/${id}/jwks/${kid}`
 */
export function path(texts: TemplateStringsArray, ...names: readonly string[]): Address {
  return texts.map((text, place) => text + (place < names.length ? encodeURIComponent(names[place] ?? '') : '')).join('');
}

/** The address with a query; a parameter that is undefined or false is left out. */
export function withQuery(address: Address, query: Readonly<Record<string, string | boolean | undefined>>): Address {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== false);
  if (given.length === 0) return address;
  const parameters = new URLSearchParams(Object.fromEntries(given.map(([name, value]) => [name, String(value)])));
  return `${address}${address.includes('?') ? '&' : '?'}${parameters}`;
}

/** The self-service API of one server, called with tokens of the chosen context. The command line's one door. Decisions 17 */
export class ApiClient {
  readonly terminal: Terminal;
  /** Whether changes are only judged: `--dry-run`. */
  readonly dryRun: boolean;
  /** The server's name of itself, with its final slash. */
  readonly server: string;
  readonly #tokens: AdminTokens | undefined;

  constructor(server: string, { terminal, tokens, dryRun = false }: ApiMeans) {
    this.server = withSlash(server);
    this.terminal = terminal;
    this.#tokens = tokens;
    this.dryRun = dryRun;
  }

  /** The context that is called for. */
  get context(): NamedContext {
    return this.tokens.context;
  }

  /** As whom is called. @throws {Error} for a client of the public part alone */
  get tokens(): AdminTokens {
    if (!this.#tokens) throw new Error('this client of the API has nobody to speak for');
    return this.#tokens;
  }

  /** The server's time, and how times are shown. */
  async moment(): Promise<{ readonly now: EpochSeconds; readonly utc: boolean }> {
    const { clock } = await this.tokens.login();
    return { now: clock(), utc: this.terminal.options.utc ?? false };
  }

  /** Reads an object. @throws {Failure} */
  async get<Shape extends z.ZodType>(
    address: Address,
    shape: Shape,
    scopes: readonly AdminScope[],
  ): Promise<Answer<z.infer<Shape>>> {
    return this.#read(await this.#send('GET', address, { scopes }), shape);
  }

  /** Changes something, or with `--dry-run` has it judged. @throws {Failure} */
  async change<Shape extends z.ZodType>(
    method: 'POST' | 'PUT' | 'DELETE',
    address: Address,
    { shape, ...options }: CallOptions & { readonly shape: Shape },
  ): Promise<Answer<z.infer<Shape>>> {
    return this.#read(await this.#send(method, withQuery(address, { dry_run: this.dryRun }), options), shape);
  }

  /** Asks something by POST that changes nothing. @throws {Failure} */
  async query<Shape extends z.ZodType>(
    address: Address,
    { shape, ...options }: CallOptions & { readonly shape: Shape },
  ): Promise<Answer<z.infer<Shape>>> {
    return this.#read(await this.#send('POST', address, options), shape);
  }

  /** Reads what is too long to be held, as it comes. @throws {Failure} */
  async download(address: Address, scopes: readonly AdminScope[]): Promise<AsyncIterable<Uint8Array>> {
    return readBody(this.#url(address), await this.#request('GET', { scopes }), this.terminal);
  }

  /** A token that the server no longer takes, although it has time left, is fetched anew once: the server may be another by now. */
  async #send(method: string, address: Address, options: CallOptions): Promise<Reply> {
    const url = this.#url(address);
    const first = await ask(url, await this.#request(method, options), this.terminal);
    const again = first.status === 401 && options.scopes.length > 0 && (await this.tokens.drop(options.scopes));
    const reply = again ? await ask(url, await this.#request(method, options), this.terminal) : first;
    if (reply.status !== 200) throw apiFailure(url, reply);
    return reply;
  }

  #url(address: Address): string {
    return new URL(address.startsWith('/api/v1/') ? address : `/api/v1${address}`, this.server).href;
  }

  async #request(method: string, { scopes, body, ifMatch }: CallOptions): Promise<RequestInit> {
    const token = scopes.length === 0 ? undefined : await this.tokens.get(scopes);
    return {
      method,
      headers: {
        Accept: 'application/json',
        ...(token && { Authorization: `Bearer ${token.access_token}` }),
        ...(body && { 'Content-Type': 'application/json' }),
        ...(ifMatch !== undefined && { 'If-Match': ifMatch }),
      },
      ...(body && { body: JSON.stringify(body) }),
    };
  }

  #read<Shape extends z.ZodType>({ headers, body, status }: Reply, shape: Shape): Answer<z.infer<Shape>> {
    const read = shape.safeParse(body);
    if (!read.success) throw apiFailure(this.server, { headers, status, body: undefined });
    const etag = headers.get('etag');
    const next = /<([^>]+)>; *rel="next"/.exec(headers.get('link') ?? '')?.[1];
    return {
      object: read.data,
      correlationId: headers.get('x-correlation-id') ?? '',
      ...(etag !== null && { etag }),
      ...(next !== undefined && { next }),
    };
  }
}

type ApiMeans = { readonly terminal: Terminal; readonly tokens?: AdminTokens; readonly dryRun?: boolean };

/** The API as the chosen context may use it. @throws {Failure} as {@link chooseContext} */
export async function openApi(terminal: Terminal, { dryRun = false }: ChangeOptions = {}): Promise<ApiClient> {
  const context = await chooseContext(terminal);
  return new ApiClient(context.server, { terminal, tokens: new AdminTokens(context, terminal), dryRun });
}

/** The public part of the API, which asks for no log-in. */
export async function openPublicApi(terminal: Terminal): Promise<ApiClient> {
  return new ApiClient(await chooseServer(terminal), { terminal });
}
