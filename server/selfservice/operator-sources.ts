import { z } from 'zod';
import { OPERATOR_SCOPE } from '../core/admin-scopes.ts';
import { SourceUnavailable } from '../core/authorities.ts';
import { Fault } from '../core/fault.ts';
import type { Registers } from '../core/ports.ts';
import { MAX_CACHE, MAX_TIMEOUT, type Source, USUAL_TIMEOUT } from '../core/source.ts';
import { addSource, changeSource, removeSource, type SourceWish, sourceMembers } from '../registry/sources.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { identifierShape, instant, instantShape } from './wire.ts';

const address = z
  .string()
  .max(2048)
  .refine(isServiceAddress, 'must be an https address without user, query and fragment; http only for loopback');

const common = {
  name: z.string().meta({ description: 'small letters, digits and hyphens; cannot be changed' }),
  issuer: address.meta({ description: 'what scopes call it in delegation_source' }),
  active: z.boolean().default(true).meta({ description: 'an inactive one answers nothing' }),
};

const sourceWish = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('local').meta({ description: "this server's own register" }), ...common }),
    z.strictObject({
      kind: z.literal('altinn').meta({ description: "a service with Altinn's look-up APIs" }),
      ...common,
      base_url: address.meta({ description: 'what the paths of the look-ups are appended to' }),
      token_issuer: address.optional().meta({ description: 'where its tokens are fetched; base_url unless told' }),
      client_id: identifierShape.meta({ description: 'our client there' }),
      key_name: identifierShape.meta({ description: 'its private key, by its name in the configuration' }),
      cache_seconds: z.int().min(0).max(MAX_CACHE).default(0).meta({ description: 'how long a yes is used again' }),
      timeout_ms: z.int().min(100).max(MAX_TIMEOUT).default(USUAL_TIMEOUT).meta({ description: 'for one question in all' }),
    }),
  ])
  .meta({ id: 'SourceWish' });

const sourceShape = z
  .object({
    name: z.string(),
    issuer: z.string(),
    kind: z.enum(['local', 'altinn']),
    base_url: z.string().optional(),
    token_issuer: z.string().optional(),
    client_id: z.string().optional(),
    key_name: z.string().optional(),
    cache_seconds: z.int().optional(),
    timeout_ms: z.int().optional(),
    active: z.boolean(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'Source' });

const testShape = z
  .object({
    answers: z.boolean(),
    reason: z.string().optional().meta({ description: 'why there was no answer' }),
    took_ms: z.int().min(0),
  })
  .meta({ id: 'SourceTest' });

/** Who is asked about delegations, system users and consents. A change is in force at the next question. Own API, operator */
export const operatorSourceRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/operator/sources',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'All sources besides this server itself',
    query: pageQuery,
    answer: z.array(sourceShape),
    handle: async (call: Call<z.infer<typeof pageQuery>>) =>
      takePage(call, await call.registers.sources.list(), { key: ({ name }) => name, show: toWire }),
  }),
  route({
    method: 'POST',
    path: '/operator/sources',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Register a source',
    body: sourceWish,
    answer: sourceShape,
    handle: async (call: Call<unknown, z.infer<typeof sourceWish>>) =>
      call.change(async (changes) => toWire(await addSource(changes, wishOf(call.body), sourceAct(call)))),
  }),
  route({
    method: 'GET',
    path: '/operator/sources/{name}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'A source',
    answer: sourceShape,
    handle: async (call) => toWire(await sourceOf(call, call.registers)),
  }),
  route({
    method: 'PUT',
    path: '/operator/sources/{name}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Replace what is said of a source; its issuer stays while active scopes name it',
    body: sourceWish,
    answer: sourceShape,
    handle: async (call: Call<unknown, z.infer<typeof sourceWish>>) =>
      call.change(async (changes) => {
        const before = await sourceOf(call, changes);
        call.assertMatches(toWire(before));
        return toWire(await changeSource(changes, { before, wish: wishOf(call.body) }, sourceAct(call)));
      }),
  }),
  route({
    method: 'DELETE',
    path: '/operator/sources/{name}',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    summary: 'Remove a source that no active scope names',
    handle: async (call) =>
      call.change(async (changes) => {
        const before = await sourceOf(call, changes);
        call.assertMatches(toWire(before));
        await removeSource(changes, before, call);
        return undefined;
      }),
  }),
  route({
    method: 'POST',
    path: '/operator/sources/{name}/test',
    manners: 'own',
    scopes: [OPERATOR_SCOPE],
    safe: true,
    summary: 'Ask a source, as a token request would',
    answer: testShape,
    handle: askNow,
  }),
];

/** A question that harms nobody: whether the operator has delegated, to itself, a scope that cannot be. */
async function askNow(call: Call): Promise<z.infer<typeof testShape>> {
  const { caller, ports, now } = call;
  const { issuer } = await sourceOf(call, call.registers);
  const authority = await ports.authorities.delegations(issuer);
  if (!authority) return { answers: false, reason: 'it is switched off', took_ms: 0 };
  const begun = ports.clock.now();
  const answer = await authority
    .isDelegated({ scope: OPERATOR_SCOPE, consumerOrgno: caller.orgno, supplierOrgno: caller.orgno }, { now })
    .then(() => undefined, reasonOf);
  const took_ms = Math.max(0, Math.round((ports.clock.now() - begun) * 1000));
  return answer === undefined ? { answers: true, took_ms } : { answers: false, reason: answer, took_ms };
}

function reasonOf(error: unknown): string {
  if (error instanceof SourceUnavailable) return error.message;
  throw error;
}

/** An address of a service, on its own host, that no secret has been put in. */
function isServiceAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.[0-9.]+$/.test(hostname);
  return (
    (protocol === 'https:' || (protocol === 'http:' && isLoopback)) && username === '' && password === '' && !/[?#\s]/.test(text)
  );
}

async function sourceOf({ params }: Call, { sources }: Registers): Promise<Source> {
  const source = await sources.find(params.name ?? '');
  if (!source) throw new Fault('PV-604');
  return source;
}

function sourceAct(call: Call<unknown, unknown>) {
  return { ...call, issuer: call.ports.settings.issuer };
}

function wishOf(body: z.infer<typeof sourceWish>): SourceWish {
  const { name, issuer, active } = body;
  if (body.kind === 'local') return { kind: body.kind, name, issuer, active };
  const { kind, base_url: baseUrl, client_id: clientId, key_name: keyName, cache_seconds, timeout_ms, token_issuer } = body;
  return {
    ...{ kind, name, issuer, active, baseUrl, clientId, keyName, cacheSeconds: cache_seconds, timeoutMs: timeout_ms },
    ...(token_issuer !== undefined && { tokenIssuer: token_issuer }),
  };
}

function toWire(source: Source): object {
  return { ...sourceMembers(source), created: instant(source.created), last_updated: instant(source.lastUpdated) };
}
