import { AdminTokens, knownAdminScopes } from './admin-token.ts';
import { judgeSkew } from './clock-skew.ts';
import { chooseContext, chooseServer, withSlash } from './context.ts';
import { readContexts } from './context-file.ts';
import { Failure } from './failure.ts';
import type { Found, Look } from './health-check.ts';
import { ask } from './http.ts';
import { discover } from './issuer.ts';
import { isRecord } from './json.ts';
import type { Terminal } from './terminal.ts';

/** What a client needs of a server. @param named the server to ask, unless it is the context's. */
export async function looksAtServer(named: string | undefined, terminal: Terminal): Promise<readonly Look[]> {
  const server = withSlash(named ?? (await chooseServer(terminal)));
  const common: readonly Look[] = [
    { id: 'transport', title: 'transport', look: async () => lookAtTransport(server) },
    { id: 'ready', title: 'server', needs: ['transport'], look: () => lookAtHealth(server, terminal) },
    { id: 'metadata', title: 'metadata', needs: ['ready'], look: async () => (await discover(server, terminal)).issuer },
    { id: 'keys', title: 'keys of the server', needs: ['metadata'], look: () => lookAtKeys(server, terminal) },
    { id: 'skew', title: 'clocks', needs: ['ready'], look: () => lookAtSkew(server, terminal) },
  ];
  const { contexts, current } = await readContexts();
  const chosen = contexts[terminal.options.context ?? current ?? ''];
  const speaks = chosen?.auth !== undefined && withSlash(chosen.server) === server;
  return speaks ? [...common, { id: 'token', title: 'token', needs: ['metadata'], look: () => lookAtToken(terminal) }] : common;
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

async function lookAtSkew(server: string, terminal: Terminal): Promise<Found> {
  const sent = Date.now();
  const { headers } = await ask(new URL('health/live', server).href, {}, terminal);
  const told = { date: headers.get('date') ?? '', age: headers.get('age') ?? '', sent, received: Date.now() };
  return judgeSkew('the server', told) ?? 'the server does not tell its time';
}

async function lookAtToken(terminal: Terminal): Promise<string> {
  const context = await chooseContext(terminal);
  const { scopes } = await knownAdminScopes(new AdminTokens(context, terminal));
  return scopes.length === 0 ? `context ${context.name} gets tokens, and administers nothing` : scopes.join(' ');
}
