import { AdminTokens, knownAdminScopes } from './admin-token.ts';
import { chooseContext, chooseServer, withSlash } from './context.ts';
import { readContexts } from './context-file.ts';
import { Failure } from './failure.ts';
import type { Look } from './health-check.ts';
import { ask } from './http.ts';
import { discover } from './issuer.ts';
import { isRecord } from './json.ts';
import type { Terminal } from './terminal.ts';

/** How far the clocks of client and server may lie apart, in seconds: as far ahead as `iat` may be. Contract §1.4 */
const CLOCK_TOLERANCE = 10;

/** What a client needs of a server. @param named the server to ask, unless it is the context's. */
export async function looksAtServer(named: string | undefined, terminal: Terminal): Promise<readonly Look[]> {
  const server = withSlash(named ?? (await chooseServer(terminal)));
  const common: readonly Look[] = [
    { id: 'transport', title: 'transport', look: async () => lookAtTransport(server) },
    { id: 'ready', title: 'server', look: () => lookAtHealth(server, terminal) },
    { id: 'metadata', title: 'metadata', look: async () => (await discover(server, terminal)).issuer },
    { id: 'keys', title: 'keys of the server', look: () => lookAtKeys(server, terminal) },
    { id: 'skew', title: 'clocks', look: () => lookAtSkew(server, terminal) },
  ];
  const { contexts, current } = await readContexts();
  const chosen = contexts[terminal.options.context ?? current ?? ''];
  const speaks = chosen?.auth !== undefined && withSlash(chosen.server) === server;
  return speaks ? [...common, { id: 'token', title: 'token', look: () => lookAtToken(terminal) }] : common;
}

function lookAtTransport(server: string): string {
  const { protocol, hostname } = new URL(server);
  if (protocol === 'https:') return 'TLS';
  if (['localhost', '127.0.0.1', '[::1]'].includes(hostname)) return 'this machine';
  throw new Failure('unhealthy', `${server} is spoken to without TLS`, { fix: 'use https' });
}

async function lookAtHealth(server: string, terminal: Terminal): Promise<string> {
  const { status } = await ask(new URL('health/ready', server).href, {}, terminal);
  if (status !== 200)
    throw new Failure('unhealthy', `${server} is there, and not ready: it answers ${status}`, { fix: 'read its log' });
  return 'ready';
}

async function lookAtKeys(server: string, terminal: Terminal): Promise<string> {
  const { jwks_uri } = await discover(server, terminal);
  const { body } = await ask(jwks_uri, {}, terminal);
  const keys = isRecord(body) && Array.isArray(body.keys) ? body.keys : [];
  if (keys.length === 0) throw new Failure('unhealthy', `${jwks_uri} has no key`);
  return `${keys.length} at ${jwks_uri}`;
}

/** By the header that every answer has, which is whole seconds. RFC 9110 §6.6.1 */
async function lookAtSkew(server: string, terminal: Terminal): Promise<string> {
  const { headers } = await ask(new URL('health/live', server).href, {}, terminal);
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) return 'the server does not tell its time';
  const skew = Math.round((date - Date.now()) / 1000);
  if (Math.abs(skew) <= CLOCK_TOLERANCE) return `${Math.abs(skew)} s apart`;
  throw new Failure('unhealthy', `they are ${Math.abs(skew)} s apart; ${CLOCK_TOLERANCE} s is allowed`, {
    fix: 'set the clock of this machine right (NTP)',
  });
}

async function lookAtToken(terminal: Terminal): Promise<string> {
  const context = await chooseContext(terminal);
  const { scopes } = await knownAdminScopes(new AdminTokens(context, terminal));
  return scopes.length === 0 ? `context ${context.name} gets tokens, and administers nothing` : scopes.join(' ');
}
