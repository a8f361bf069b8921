import assert from 'node:assert/strict';
import type { Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import type { World, WorldClient } from '../../fixtures/world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES, type AdminScope, OPERATOR_SCOPE } from '../../server/core/admin-scopes.ts';
import { router } from '../../server/selfservice/router.ts';
import { routes } from '../../server/selfservice/routes.ts';
import { type Answer, startTestServer, type TestServer, type Wishes } from '../token/server.ts';
import { assertDocumented } from './documented.ts';

/** An organisation of the made-up world by its part in it. */
export type Part = keyof typeof ORGANIZATIONS;

/** What goes along with a call, besides the token. */
export type Sent = {
  /** An object goes as JSON; text and bytes go as they are. */
  readonly body?: unknown;
  /** JSON's unless told. */
  readonly headers?: Readonly<Record<string, string>>;
};

/** Somebody who calls the API. Every answer is held against the shape that its route declares, and against the OpenAPI document. */
export type ApiCaller = {
  readonly token: string;
  readonly send: (method: string, path: string, sent?: Sent) => Promise<Answer>;
  readonly get: (path: string, headers?: Sent['headers']) => Promise<Answer>;
  readonly post: (path: string, body?: unknown, headers?: Sent['headers']) => Promise<Answer>;
  readonly put: (path: string, body?: unknown, headers?: Sent['headers']) => Promise<Answer>;
  readonly delete: (path: string, headers?: Sent['headers']) => Promise<Answer>;
};

/** A server whose organisations each have a client with every admin scope that they may hold. */
export type TestApi = {
  readonly server: TestServer;
  /**
   * Fetches a token for the organisation's admin client from the token endpoint, and calls with it.
   * @param base under which the paths stand; empty for the root.
   */
  readonly as: (part: Part, scopes: readonly AdminScope[], base?: string) => Promise<ApiCaller>;
  /** Calls without a token. */
  readonly nobody: ApiCaller;
  /** Calls with whatever is given as a token. */
  readonly bearing: (token: string, base?: string) => ApiCaller;
};

const BASE = '/api/v1';
const keyPair = makeKeyPair();

/** The id of the admin client that the harness gives to an organisation. */
export function adminOf(part: Part): string {
  return `admin-${part}`;
}

/** Starts a server that ends with the test. */
export async function startApi(t: Test, { world = (same) => same, ...wishes }: Wishes = {}): Promise<TestApi> {
  const { publicKey, privateKey } = await keyPair;
  const jwk = publicKey.export({ format: 'jwk' });
  const server = await startTestServer(t, { ...wishes, world: (whole, ca) => world(withAdmins(nobodyActing(whole), jwk), ca) });
  const bearing = (token: string, base = BASE): ApiCaller => caller(server, token, base);
  const as: TestApi['as'] = async (part, scopes, base) => {
    const now = Math.floor(server.clock.now());
    const assertion = await makeAssertion({
      ...{ clientId: adminOf(part), audience: server.issuer, key: privateKey, kid: KID, now },
      scope: scopes.join(' '),
    });
    const { body, text } = await server.ask(assertion);
    assert.ok(typeof body.access_token === 'string', `no token for ${part}: ${text}`);
    return bearing(body.access_token, base);
  };
  return { server, as, bearing, nobody: bearing('') };
}

const KID = 'admin-1';

/** The world in which nobody acts for anybody yet, and nothing can be delegated: who does is each test's own. */
function nobodyActing(world: World): World {
  const scopes = world.scopes.map(({ delegationSource: _, ...scope }) => scope);
  return { ...world, scopes, delegations: [], systems: [], systemUsers: [], consents: [] };
}

/** The world with every admin scope for everybody, but for the operator's own, and a client each that carries them. */
function withAdmins(world: World, jwk: object): World {
  const key = readPublicJwk({ ...jwk, kid: KID, use: 'sig', alg: 'RS256' });
  if ('flaw' in key) throw new Error(key.flaw);
  const held = new Map(Object.values(ORGANIZATIONS).map(({ orgno }) => [orgno as string, scopesOf(orgno)]));
  const clients = Object.entries(ORGANIZATIONS).map(
    ([part, { orgno }]): WorldClient => ({
      ...{ clientId: adminOf(part as Part), name: `Admin of ${part}`, orgno, active: true },
      ...{ integrationType: 'maskinporten', scopes: scopesOf(orgno), accessTokenLifetime: 0, keys: [key] },
      details: { description: `Admin of ${part}`, token_endpoint_auth_method: 'private_key_jwt' },
    }),
  );
  return {
    ...world,
    organizations: world.organizations.map((each) => ({ ...each, adminScopes: held.get(each.orgno) ?? [] })),
    clients: [...world.clients, ...clients],
  };
}

function scopesOf(orgno: string): readonly AdminScope[] {
  return ADMIN_SCOPES.filter((scope) => scope !== OPERATOR_SCOPE || orgno === ORGANIZATIONS.operator.orgno);
}

function caller({ get: request }: TestServer, token: string, base: string): ApiCaller {
  const send: ApiCaller['send'] = async (method, path, { body, headers = {} } = {}) => {
    const answer = await request(`${base}${path}`, {
      method,
      headers: {
        ...(token !== '' && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
    assertShape(answer, method, `${base}${path.split('?', 1)[0]}`);
    return answer;
  };
  return {
    ...{ token, send },
    get: (path, headers = {}) => send('GET', path, { headers }),
    post: (path, body, headers = {}) => send('POST', path, { body, headers }),
    put: (path, body, headers = {}) => send('PUT', path, { body, headers }),
    delete: (path, headers = {}) => send('DELETE', path, { headers }),
  };
}

const find = router(routes);

/** A success has the shape that the route declares and nothing more; a refusal has the six fields and where to read on. Contract §5.1.1 */
function assertShape(answer: Answer, method: string, path: string): void {
  if (answer.status === 200) assertSuccess(answer, method, path);
  else assertRefusal(answer);
}

function assertSuccess(answer: Answer, method: string, path: string): void {
  const route = find(path)?.methods.get(method);
  assert.ok(route, `${method} ${path} is in the table`);
  if (route.lines !== undefined) {
    assert.equal(answer.headers.get('content-type'), 'application/x-ndjson');
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    for (const line of answer.text.split('\n').slice(0, -1)) assert.equal(typeof JSON.parse(line), 'object');
    return;
  }
  if (!route.answer) {
    assert.equal(answer.text, '', 'the answer is empty');
    assert.equal(answer.headers.get('content-type'), null);
    return;
  }
  assert.equal(answer.headers.get('content-type'), 'application/json');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
  assert.match(answer.headers.get('etag') ?? '', /^"[A-Za-z0-9_-]+"$/);
  const read = route.answer.safeParse(answer.body);
  assert.ok(read.success, `${method} ${path} answers with ${read.error?.message}`);
  assert.deepEqual(read.data, answer.body, 'no member that is not declared');
  assertDocumented(answer.body, { method, path: route.path, refused: false });
}

const REFUSAL = ['correlation_id', 'error', 'error_description', 'error_uri', 'errors', 'status', 'timestamp'];

function assertRefusal({ status, headers, body, text }: Answer): void {
  assert.ok(status < 500, `${status} ${text}`);
  assert.deepEqual(Object.keys(body).sort(), REFUSAL);
  assertDocumented(body, { method: 'ANY', path: 'refusal', refused: true });
  assert.equal(body.status, status);
  assert.equal(body.correlation_id, headers.get('x-correlation-id'));
  assert.ok(typeof body.timestamp === 'string' && !Number.isNaN(Date.parse(body.timestamp)));
  assert.ok(Array.isArray(body.errors) && body.errors.length > 0);
  for (const error of body.errors) {
    assert.deepEqual(Object.keys(error).sort(), ['errorMessage', 'fieldIdentifier', 'isFieldError', 'objectName']);
    assert.notEqual(error.errorMessage, '');
  }
  assert.equal(headers.get('cache-control'), 'no-store');
  assert.ok(!text.includes('undefined'), text);
}

/** The answer as the list that it is. */
export function items(answer: Answer): readonly Record<string, unknown>[] {
  assert.ok(Array.isArray(answer.body), answer.text);
  return answer.body;
}

/** Claims that an answer is a refusal with the code, and that it names the field, if one is given. */
export function refusedByApi(t: Test, answer: Answer, code: string, field?: string): void {
  t.match(answer.body.error_uri, new RegExp(`/errors/${code}$`), `${code}: ${answer.text}`);
  if (field === undefined) return;
  const errors = answer.body.errors as { fieldIdentifier: string }[];
  t.ok(
    errors.some(({ fieldIdentifier }) => fieldIdentifier === field),
    `names ${field}: ${answer.text}`,
  );
}

/** A refusal without what differs from one to the next, to compare two of them. */
export function sameEachTime({ body, status }: Answer): object {
  const { timestamp: _, correlation_id: __, ...rest } = body;
  return { httpStatus: status, ...rest };
}
