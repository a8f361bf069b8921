import { findCliConfig } from './config-file.ts';
import { type Context, type Contexts, readContexts } from './context-file.ts';
import { listDevServers } from './dev-server.ts';
import { Failure } from './failure.ts';
import { DEV_ISSUER } from './issuer.ts';
import { nearest } from './nearest.ts';
import type { Terminal } from './terminal.ts';

/** A context and its name. */
export type NamedContext = Context & { readonly name: string };

/**
 * The context that counts for this call: the one that `--context`, `PORTVAKT_CONTEXT` or `portvakt.yaml` names, else the current one.
 * @throws {Failure} `config` when there is none of that name, `unauthenticated` when nobody has logged in
 */
export async function chooseContext(terminal: Terminal): Promise<NamedContext> {
  const contexts = await readContexts();
  const name = terminal.options.context ?? contexts.current;
  return name === undefined ? notLoggedIn(contexts) : contextNamed(name, contexts);
}

/** Whether no context is chosen, and there is none that could be. */
export async function isAnonymous(terminal: Terminal): Promise<boolean> {
  const { current, contexts } = await readContexts();
  return (terminal.options.context ?? current) === undefined && Object.keys(contexts).length === 0;
}

/** @throws {Failure} `config`, with the nearest name there is */
export function contextNamed(name: string, { contexts }: Contexts): NamedContext {
  const found = Object.hasOwn(contexts, name) ? contexts[name] : undefined;
  if (found) return { ...found, name };
  const names = Object.keys(contexts);
  const near = nearest(name, names);
  const known = names.length === 0 ? 'portvakt login makes one' : `there are ${names.join(', ')}`;
  throw new Failure('config', `there is no context "${name}"`, { fix: near === undefined ? known : `did you mean ${near}?` });
}

/** The server for what needs no log-in: the context's, else what `PORTVAKT_ISSUER`, `portvakt.yaml` or `portvakt dev` says. */
export async function chooseServer(terminal: Terminal): Promise<string> {
  return (await namedServer(terminal)) ?? DEV_ISSUER;
}

/** The same, where anything names it. */
export async function namedServer(terminal: Terminal): Promise<string | undefined> {
  const contexts = await readContexts();
  const name = terminal.options.context ?? contexts.current;
  if (name !== undefined) return withSlash(contextNamed(name, contexts).server);
  const issuer = process.env.PORTVAKT_ISSUER ?? (await findCliConfig())?.issuer;
  return issuer === undefined ? undefined : withSlash(issuer);
}

/** A server as its issuer is spelled. Contract §1.1 */
export function withSlash(server: string): string {
  return server.endsWith('/') ? server : `${server}/`;
}

async function notLoggedIn({ contexts }: Contexts): Promise<never> {
  const names = Object.keys(contexts);
  if (names.length > 0) {
    throw new Failure('config', 'no context is chosen', { fix: `portvakt context use ${names.join('|')}` });
  }
  const [dev] = await listDevServers();
  const fix = dev
    ? `portvakt login --server ${dev.issuer} --client demo-consumer-admin`
    : 'portvakt login --server URL --client-id ID --key FILE';
  throw new Failure('unauthenticated', 'nobody is logged in', { fix });
}
