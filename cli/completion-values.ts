import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ApiClient, openApi, openPublicApi } from './api-client.ts';
import { readAll, readWhole } from './api-list.ts';
import { OPERATE, PUBLIC } from './api-scopes.ts';
import { organization, prefix } from './api-shapes.ts';
import { readContexts } from './context-file.ts';
import { givenAccesses } from './find-access.ts';
import { ownClients } from './find-client.ts';
import { ownScopes, publicScopes } from './find-scope.ts';
import { isRecord, parseJson } from './json.ts';
import { findPrivateFolder, makePrivateFolder } from './private-folder.ts';
import { Terminal } from './terminal.ts';

/** How long values are used again, in milliseconds. */
const FRESH = 60_000;

/** How long a shell waits at most, in milliseconds; what takes longer is there the next time. */
const PATIENCE = 100;

const KINDS = ['scopes', 'clients', 'orgs', 'prefixes', 'contexts'] as const;

/** What can be completed from what is registered. */
export type Kind = (typeof KINDS)[number];

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}

/**
 * The values of a kind, from a minute's cache, or asked for within a tenth of a second. When that is not enough, a process of its
 * own asks on and fills the cache, and there are none this time.
 */
export async function valuesOf(kind: Kind): Promise<readonly string[]> {
  if (kind === 'contexts') return Object.keys((await readContexts()).contexts);
  const kept = await keptValues(kind);
  if (kept) return kept;
  const late = Promise.withResolvers<readonly string[] | undefined>();
  const timer = setTimeout(late.resolve, PATIENCE, undefined);
  const values = await Promise.race([refresh(kind), late.promise]).finally(() => clearTimeout(timer));
  if (values) return values;
  askOn(kind);
  return [];
}

/** Asks the server, and keeps what it answers. */
export async function refresh(kind: Kind): Promise<readonly string[]> {
  const values = await ask[kind]();
  const folder = await makePrivateFolder('completion');
  const file = await cacheFile(folder, kind);
  await writeFile(`${file}.${process.pid}`, JSON.stringify({ at: Date.now(), values }), { mode: 0o600 });
  await rename(`${file}.${process.pid}`, file);
  return values;
}

async function keptValues(kind: Kind): Promise<readonly string[] | undefined> {
  const folder = await findPrivateFolder('completion');
  if (folder === undefined) return undefined;
  const text = await readFile(await cacheFile(folder, kind), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  const kept = parseJson(text ?? '');
  if (!isRecord(kept) || typeof kept.at !== 'number' || !Array.isArray(kept.values)) return undefined;
  return kept.at + FRESH > Date.now() ? kept.values.filter((value) => typeof value === 'string') : undefined;
}

/** Of one context alone: each sees other clients. */
async function cacheFile(folder: string, kind: Kind): Promise<string> {
  const { contexts, current } = await readContexts();
  const name = process.env.PORTVAKT_CONTEXT ?? current ?? '';
  const owner = { kind, name, context: contexts[name], issuer: process.env.PORTVAKT_ISSUER };
  return join(folder, createHash('sha256').update(JSON.stringify(owner)).digest('hex').slice(0, 32));
}

function askOn(kind: Kind): never {
  const bin = fileURLToPath(new URL('bin.js', import.meta.url));
  spawn(process.execPath, [bin, '__complete', '--refresh', kind], { detached: true, stdio: 'ignore' }).unref();
  process.exit();
}

const ask: Readonly<Record<Kind, () => Promise<readonly string[]>>> = {
  scopes: async () => [
    ...(await everybodysScopes()),
    ...(await owned(async (api) => (await ownScopes(api, true)).map(({ name }) => name))),
  ],
  clients: () => owned(async (api) => (await ownClients(api, true)).map(({ client_name }) => client_name)),
  orgs: async () => [...(await owned(registered)), ...(await owned(letIn))],
  prefixes: async () =>
    (await readWhole(await openPublicApi(quiet()), '/prefix/all', { shape: prefix, scopes: PUBLIC })).map((each) => each.prefix),
  contexts: async () => Object.keys((await readContexts()).contexts),
};

async function everybodysScopes(): Promise<readonly string[]> {
  return (await publicScopes(await openPublicApi(quiet()))).map(({ name }) => name);
}

async function registered(api: ApiClient): Promise<readonly string[]> {
  return (await readAll(api, '/operator/organizations', { shape: organization, scopes: OPERATE })).map(({ orgno }) => orgno);
}

async function letIn(api: ApiClient): Promise<readonly string[]> {
  return (await givenAccesses(api, {})).map(({ consumer_orgno }) => consumer_orgno);
}

/** What takes a log-in; who may not see it has nothing to choose from. */
async function owned(read: (api: ApiClient) => Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await read(await openApi(quiet()));
  } catch {
    return [];
  }
}

function quiet(): Terminal {
  const { PORTVAKT_CONTEXT: context } = process.env;
  return new Terminal({
    ...{ output: 'table', color: 'never', timeout: 5, quiet: true, headers: true },
    ...(context !== undefined && { context }),
  });
}
