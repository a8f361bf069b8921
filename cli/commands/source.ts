import type { Command } from 'commander';
import { type Source, source as sourceShape, sourceTest } from '../acting-shapes.ts';
import { openApi, path } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions } from '../api-options.ts';
import { OPERATE } from '../api-scopes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt source list | add | test | disable` */
export function define(command: Command): void {
  command.description('Says who is asked about delegations, system users and consents. For the operator.');
  defineList(command.command('list').summary('list the sources besides this server'));
  defineAdd(command.command('add').summary('register a source'));
  defineTest(command.command('test').summary('ask a source, as a token request would'));
  defineDisable(command.command('disable').summary('ask a source no longer'));
}

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the sources that are asked besides this server itself. For the operator.')
    .action(async (options: ListOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'who is asked', run: 'portvakt source list' },
      { does: 'their names alone', run: 'portvakt source list -o name' },
    ],
    seeAlso: ['portvakt source add', 'portvakt source test'],
  });
}

function defineAdd(command: Command): void {
  changeOptions(command)
    .description(
      'Registers a source: this server under another issuer, or with --url a service with look-ups as Altinn has them.',
    )
    .argument('<name>', 'small letters, digits and hyphens')
    .requiredOption('--issuer <url>', 'what scopes call it in delegation_source')
    .option('--url <url>', 'where its look-ups stand')
    .option('--client-id <id>', 'our client there')
    .option('--key-name <name>', 'its private key, by its name in the configuration')
    .option('--token-issuer <url>', 'where its tokens are fetched, if not at --url')
    .action(async (name: string, options: AddOptions) => add(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'the own register under another name', run: 'portvakt source add register --issuer https://register.example.no/' },
      {
        does: 'another Portvakt, tried',
        run: 'portvakt source add naboen --issuer https://nabo.example.no/ \\\n  --url https://nabo.example.no/ \\\n  --client-id portvakt --key-name nabo --dry-run',
      },
    ],
    seeAlso: ['portvakt source test', 'portvakt source list'],
  });
}

function defineTest(command: Command): void {
  command
    .description('Asks a source a harmless question, as a token request would: exit 0 when it answers, 11 when not.')
    .argument('<name>', 'the source')
    .action(async (name: string) => test(name, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'whether it answers', run: 'portvakt source test register' },
      { does: 'how long it took', run: 'portvakt source test register -o json' },
    ],
    seeAlso: ['portvakt source list', 'portvakt doctor'],
  });
}

function defineDisable(command: Command): void {
  changeOptions(command)
    .description('Asks a source no longer: what it delegates gets no tokens from the next request on.')
    .argument('<name>', 'the source')
    .action(async (name: string, options: ChangeOptions) => disable(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt source disable register --dry-run' },
      { does: 'in a script', run: 'portvakt source disable register --yes' },
    ],
    seeAlso: ['portvakt source list', 'portvakt source add'],
  });
}

type AddOptions = ChangeOptions & {
  readonly issuer: string;
  readonly url?: string;
  readonly clientId?: string;
  readonly keyName?: string;
  readonly tokenIssuer?: string;
};

async function list(part: ListOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const sources = await readPages(api, '/operator/sources', { shape: sourceShape, scopes: OPERATE, part });
  await terminal.answer(sorted(api, sources, view), view);
}

async function add(name: string, options: AddOptions, terminal: Terminal): Promise<void> {
  const { issuer, url, clientId, keyName, tokenIssuer } = options;
  if (url !== undefined && (clientId === undefined || keyName === undefined))
    throw new Failure('usage', 'a service is asked as a client of it', { fix: 'give --client-id and --key-name' });
  const service = { kind: 'altinn', base_url: url, client_id: clientId, key_name: keyName, token_issuer: tokenIssuer };
  const body = { name, issuer, ...(url === undefined ? { kind: 'local' } : service) };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `${name} answers for ${issuer}.`, takesAway: false });
  const answer = await api.change('POST', '/operator/sources', { body, scopes: OPERATE, shape: sourceShape });
  tellChange(api, `${name} answers for ${issuer}`, `portvakt source test ${name}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

async function test(name: string, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { object } = await api.query(path`/operator/sources/${name}/test`, { shape: sourceTest, scopes: OPERATE });
  const { answers, took_ms, reason = null } = object;
  await terminal.answer({ name, answers, took_ms, reason }, testView);
  if (!answers) throw new Failure('unhealthy', `${name} does not answer: ${reason}`, { fix: 'portvakt source list' });
}

async function disable(name: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const address = path`/operator/sources/${name}`;
  const before = await api.get(address, sourceShape, OPERATE);
  await confirm(api, options, { what: `${name} is asked no longer about ${before.object.issuer}.`, takesAway: true });
  const { created: _, last_updated: __, ...members } = before.object;
  const { etag: ifMatch = '*' } = before;
  const body = { ...members, active: false };
  const answer = await api.change('PUT', address, { body, scopes: OPERATE, shape: sourceShape, ifMatch });
  tellChange(api, `${name} is asked no longer`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

const view: View<Source> = {
  fields: [
    { name: 'name' },
    { name: 'issuer' },
    { name: 'kind' },
    { name: 'active', heading: 'state', text: ({ active }) => (active ? 'active' : 'disabled') },
    { name: 'base_url', heading: 'url', wide: true },
    { name: 'client_id', wide: true },
    { name: 'key_name', wide: true },
    { name: 'created', heading: 'since', text: ({ created }) => day(created), wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ name }) => `source/${name}`,
};

type Tested = { readonly name: string; readonly answers: boolean; readonly took_ms: number; readonly reason: string | null };

const testView: View<Tested> = {
  fields: [
    { name: 'name' },
    { name: 'answers', text: ({ answers }) => (answers ? 'yes' : 'no') },
    { name: 'took_ms', heading: 'ms' },
    { name: 'reason' },
  ],
  name: ({ name }) => `source/${name}`,
};
