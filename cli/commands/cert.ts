import { X509Certificate } from 'node:crypto';
import type { Command } from 'commander';
import { openApi } from '../api-client.ts';
import { partOf } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions } from '../api-options.ts';
import type { Key } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { keyNamed, putKey, readKeys, removeKey } from '../client-keys.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { findClient } from '../find-client.ts';
import { document } from '../help.ts';
import type { View } from '../output.ts';
import { readCertificateKey } from '../public-key.ts';
import { Terminal } from '../terminal.ts';
import * as check from './cert-check.ts';
import * as inspect from './cert-inspect.ts';
import * as verify from './cert-verify.ts';

/** `portvakt cert list | add | remove | inspect | verify | check` */
export function define(command: Command): void {
  command.description('Binds certificates to clients, shows what is in them, and judges chains.');
  defineList(command.command('list').summary('list the certificates of a client'));
  defineAdd(command.command('add').summary('bind a certificate to a client'));
  defineRemove(command.command('remove').summary('take a certificate from a client'));
  inspect.define(command.command('inspect').summary('show what a certificate says, offline and unverified'));
  check.define(command.command('check').summary('have the server judge a chain'));
  verify.define(command.command('verify').summary('judge a chain by CAs that you name, offline'));
}

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the certificates that are bound to a client.')
    .argument('<client>', 'name or id')
    .action(async (client: string, part: ListOptions) => list(client, part, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'of a client by its name', run: 'portvakt cert list demo-certificate' },
      { does: 'for a program', run: 'portvakt cert list demo-certificate -o json' },
    ],
    seeAlso: ['portvakt cert add', 'portvakt key list'],
  });
}

function defineAdd(command: Command): void {
  changeOptions(command)
    .description('Binds a certificate to a client: its public key is registered, and ends with the certificate.')
    .argument('<client>', 'name or id')
    .argument('<file>', 'certificate, alone or with its chain, as PEM')
    .option('--kid <kid>', 'name of the key; default: its RFC 7638 thumbprint')
    .action(async (client: string, file: string, options: AddOptions) => add({ client, file }, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'from a PEM file', run: 'portvakt cert add demo-certificate ./seal-chain.pem --kid seal' },
      { does: 'what would be stored', run: 'portvakt cert add demo-certificate ./seal-chain.pem --dry-run' },
    ],
    seeAlso: ['portvakt cert list', 'portvakt cert remove', 'portvakt key add'],
  });
}

function defineRemove(command: Command): void {
  changeOptions(command)
    .description('Takes a bound certificate and its key from a client.')
    .argument('<client>', 'name or id')
    .argument('<kid>', 'name of the key')
    .action(async (client: string, kid: string, options: ChangeOptions) =>
      remove({ client, kid }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt cert remove demo-certificate seal --dry-run' },
      { does: 'in a script', run: 'portvakt cert remove demo-certificate seal --yes' },
    ],
    seeAlso: ['portvakt cert list', 'portvakt key remove'],
  });
}

type AddOptions = ChangeOptions & { readonly kid?: string };

/** A bound certificate, told by its leaf. */
type Bound = {
  readonly kid: string;
  readonly subject: string;
  readonly issuer: string;
  readonly serial_number: string;
  readonly not_after: string;
  readonly certificates: number;
};

async function list(nameOrId: string, part: ListOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { object } = await findClient(api, nameOrId);
  const { keys } = (await readKeys(api, object)).object;
  await terminal.answer(partOf(api, keys.filter(({ x5c }) => x5c !== undefined).map(toBound), { view, part }), view);
}

async function add({ client, file }: { client: string; file: string }, options: AddOptions, terminal: Terminal): Promise<void> {
  const jwk = await readCertificateKey(file, options.kid);
  const api = await openApi(terminal, options);
  const { object } = await findClient(api, client);
  await confirm(api, options, { what: `${object.client_name} gets the certificate of ${file}.`, takesAway: false });
  const answer = await putKey(api, object, jwk);
  tellChange(api, `the certificate is bound to ${object.client_name} as ${jwk.kid}`, `portvakt cert list ${object.client_name}`);
  await terminal.answer(changed(api, toBound(answer.object), answer), changedView(view));
}

async function remove(
  { client, kid }: { client: string; kid: string },
  options: ChangeOptions,
  terminal: Terminal,
): Promise<void> {
  const api = await openApi(terminal, options);
  const { object } = await findClient(api, client);
  const key = keyNamed(kid, object, (await readKeys(api, object)).object.keys);
  if (!key.x5c)
    throw new Failure('not-found', `the key ${kid} has no certificate`, { fix: `portvakt key remove ${client} ${kid}` });
  await confirm(api, options, {
    what: `This takes the certificate ${kid} and its key from ${object.client_name}.`,
    takesAway: true,
  });
  const answer = await removeKey(api, object, kid);
  tellChange(api, `${object.client_name} no longer has the certificate ${kid}`);
  await terminal.answer(changed(api, toBound(key), answer), changedView(view));
}

function toBound({ kid, x5c = [] }: Key): Bound {
  const leaf = new X509Certificate(Buffer.from(x5c[0] ?? '', 'base64'));
  return {
    kid,
    subject: oneLine(leaf.subject),
    issuer: oneLine(leaf.issuer),
    serial_number: leaf.serialNumber,
    not_after: leaf.validToDate.toISOString().replace('.000Z', 'Z'),
    certificates: x5c.length,
  };
}

function oneLine(name: string): string {
  return name.split('\n').join(', ');
}

const view: View<Bound> = {
  fields: [
    { name: 'kid' },
    { name: 'subject' },
    { name: 'not_after', heading: 'until', text: ({ not_after }) => not_after.slice(0, 10) },
    { name: 'issuer', wide: true },
    { name: 'serial_number', wide: true },
    { name: 'certificates', wide: true },
  ],
  name: ({ kid }) => `key/${kid}`,
};
