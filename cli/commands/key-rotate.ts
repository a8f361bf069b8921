import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type ApiClient, openApi } from '../api-client.ts';
import { type ChangeOptions, changeOptions } from '../api-options.ts';
import type { Client, Key } from '../api-shapes.ts';
import { type Changed, changed, changedView, tellChange } from '../change.ts';
import { keyNamed, putKey, readKeys, removeKey } from '../client-keys.ts';
import { confirm } from '../confirm.ts';
import { readContexts, writeContexts } from '../context-file.ts';
import { publicFileOf } from '../credential.ts';
import { Failure } from '../failure.ts';
import { findClient } from '../find-client.ts';
import { document } from '../help.ts';
import { isThere, type KeyFiles, type KeyWish, makeKeyFiles, makeKeyPair } from '../key-files.ts';
import { keyInFiles, tryKey } from '../key-trial.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';
import { bitsOption } from './key-generate.ts';

/** `portvakt key rotate` */
export function define(command: Command): void {
  changeOptions(command)
    .description(
      'Puts a new key in the place of an old one: registers the new, tests it with a token, then removes the old. Safe to repeat after any interruption.',
    )
    .argument('<client>', 'name or id')
    .requiredOption('--out <file>', 'file of the new private key; used when it is there already, or else made')
    .option('--old <kid>', 'the key that goes, where the client has several')
    .option('--kid <kid>', 'name of the new key; default: its RFC 7638 thumbprint')
    .option('--scope <scope>', 'scope of the token that tests it; default: the first of the client')
    .addOption(bitsOption())
    .action(async (client: string, options: RotateOptions) => rotate(client, options, Terminal.of(command)));
  document(command, {
    examples: [
      {
        does: 'a client with one key',
        run: 'portvakt key rotate bygg-uttrekk --out ./new.pem --yes',
      },
      {
        does: 'again, after an interruption',
        run: 'portvakt key rotate bygg-uttrekk --out ./new.pem --yes -o json',
      },
    ],
    seeAlso: ['portvakt key list', 'portvakt key generate'],
  });
}

type RotateOptions = ChangeOptions & {
  readonly out: string;
  readonly old?: string;
  readonly kid?: string;
  readonly scope?: string;
  readonly bits: string;
};

type Rotated = {
  readonly client_id: string;
  readonly kid: string;
  readonly private_key_file: string;
  readonly public_key_file: string;
  /** The key that is gone; null when it had gone before. */
  readonly removed_kid: string | null;
};

/**
 * Every step looks at what stands and does what is missing, so that it does not matter where an earlier call ended: a key file that
 * is there is used, a key that is registered is left, a key that is gone is not missed.
 */
async function rotate(nameOrId: string, options: RotateOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const client = (await findClient(api, nameOrId)).object;
  const { keys } = (await readKeys(api, client)).object;
  const scope = options.scope ?? client.scopes[0];
  if (scope === undefined) throw new Failure('usage', `${client.client_name} has no scope to test a key with`);
  const wish = { bits: Number(options.bits), ...(options.kid !== undefined && { kid: options.kid }) };
  const made = await newKey(options.out, wish, api);
  const old = oldKey(keys, made.jwk.kid, { client, named: options.old });
  await confirm(api, options, {
    what: `${client.client_name} gets a new key${old ? `, and loses ${old.kid}` : ''}.`,
    takesAway: old !== undefined,
  });
  await register(api, { client, keys, made });
  if (!api.dryRun) {
    await tryKey(api, { client, made, scope });
    terminal.say('the new key is tested: the token endpoint knows it');
    await useInContext(api, client, made);
  }
  const correlationId = old ? await retire(api, client, old) : '';
  const { privateFile, publicFile, jwk } = made;
  const files = { private_key_file: privateFile, public_key_file: publicFile };
  const answer = { client_id: client.client_id, kid: jwk.kid, ...files, removed_kid: old?.kid ?? null };
  await terminal.answer<Changed<Rotated>>(changed(api, answer, { correlationId }), changedView(view));
}

/** The pair in the file, or a new one; a dry run makes no file. */
async function newKey(out: string, wish: KeyWish, { dryRun, terminal }: ApiClient): Promise<KeyFiles> {
  if (await isThere(out)) return keyInFiles(out, wish, terminal);
  if (dryRun) return { privateFile: out, publicFile: publicFileOf(out), jwk: (await makeKeyPair(wish)).jwk };
  const made = await makeKeyFiles(out, wish);
  terminal.say(`${made.privateFile} is the new private key: it stays here, and only you can read it`);
  return made;
}

/** @returns undefined when nothing but the new key is left. @throws {Failure} when it is not clear which key goes */
function oldKey(
  keys: readonly Key[],
  newKid: string,
  { client, named }: { client: Client; named: string | undefined },
): Key | undefined {
  const others = keys.filter(({ kid }) => kid !== newKid);
  const isNewThere = others.length < keys.length;
  if (named !== undefined)
    return isNewThere && !others.some(({ kid }) => kid === named) ? undefined : keyNamed(named, client, others);
  const [only, ...more] = others;
  if (more.length === 0) return only;
  const kids = others.map(({ kid, exp }) => `--old ${kid}   until ${new Date(exp * 1000).toISOString().slice(0, 10)}`);
  throw new Failure('usage', `${client.client_name} has ${others.length} keys, and one goes`, {
    fix: `name it:\n${kids.join('\n')}`,
  });
}

async function register(
  api: ApiClient,
  { client, keys, made }: { client: Client; keys: readonly Key[]; made: KeyFiles },
): Promise<void> {
  const { jwk } = made;
  if (keys.some(({ kid, n }) => kid === jwk.kid && n === jwk.n)) return tellChange(api, `key ${jwk.kid} was registered already`);
  await putKey(api, client, jwk);
  tellChange(api, `key ${jwk.kid} is registered on ${client.client_name}`);
}

async function retire(api: ApiClient, client: Client, { kid }: Key): Promise<string> {
  const { correlationId } = await removeKey(api, client, kid);
  tellChange(api, `${client.client_name} no longer has the key ${kid}`);
  return correlationId;
}

/** Whoever rotates the key that the context itself speaks with goes on with the new one, or would lock himself out. */
async function useInContext(api: ApiClient, { client_id }: Client, { privateFile, jwk }: KeyFiles): Promise<void> {
  const { name, auth, server } = api.context;
  const { clientId } = await api.tokens.login();
  if (clientId !== client_id || auth?.type === 'certificate') return;
  const contexts = await readContexts();
  const key = { type: 'key' as const, client_id, key_file: resolve(privateFile), kid: jwk.kid };
  const context = { ...(contexts.contexts[name] ?? { server }), auth: key };
  await writeContexts({ ...contexts, contexts: { ...contexts.contexts, [name]: context } });
  api.terminal.say(`context ${name} speaks with the new key from now on`);
}

const view: View<Rotated> = {
  fields: [
    { name: 'client_id' },
    { name: 'kid' },
    { name: 'private_key_file' },
    { name: 'public_key_file' },
    { name: 'removed_kid', text: ({ removed_kid }) => removed_kid ?? 'none was left' },
  ],
  name: ({ kid }) => `key/${kid}`,
};
