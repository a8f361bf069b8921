import { type Command, Option } from 'commander';
import { z } from 'zod';
import { type Answer, type ApiClient, openApi, path } from '../api-client.ts';
import { type ChangeOptions, changeOptions, several } from '../api-options.ts';
import { CHANGE_CLIENTS, WRITE_CLIENTS } from '../api-scopes.ts';
import { type Client, client as clientShape } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { clientDetailView, toRow } from '../client-view.ts';
import { confirm } from '../confirm.ts';
import { duration } from '../duration.ts';
import { Failure } from '../failure.ts';
import { findClient } from '../find-client.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { countsOfClients } from '../token-counts.ts';

/** `portvakt client update` */
export function defineUpdate(command: Command): void {
  changeOptions(command)
    .description('Changes a client. What no flag names stays as it is; keys have commands of their own.')
    .argument('<client>', 'name or id')
    .option('--name <name>', 'what you call it')
    .option('--description <text>', 'what it is for')
    .option('--scope <scope>', 'exactly these scopes; may be repeated', several)
    .option('--add-scope <scope>', 'a scope more; may be repeated', several)
    .option('--remove-scope <scope>', 'a scope less; may be repeated', several)
    .addOption(new Option('--lifetime <time>', 'wanted life of its tokens, such as 120s').argParser(duration))
    .action(async (client: string, options: UpdateOptions) => update(client, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'a scope more', run: 'portvakt client update demo-certificate --add-scope prove:kart.read' },
      { does: 'what would be stored', run: 'portvakt client update demo-certificate --lifetime 60s --dry-run' },
    ],
    seeAlso: ['portvakt client show', 'portvakt key rotate', 'portvakt ask'],
  });
}

/** `portvakt client disable` */
export function defineDisable(command: Command): void {
  changeOptions(command)
    .description('Stops the tokens of a client from the next request on. It can be enabled again.')
    .argument('<client>', 'name or id')
    .action(async (client: string, options: ChangeOptions) => disable(client, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what it would stop', run: 'portvakt client disable demo-certificate --dry-run' },
      { does: 'in a script', run: 'portvakt client disable demo-certificate --yes' },
    ],
    seeAlso: ['portvakt client enable', 'portvakt key remove'],
  });
}

/** `portvakt client enable` */
export function defineEnable(command: Command): void {
  changeOptions(command)
    .description('Lets a disabled client have tokens again.')
    .argument('<client>', 'name or id')
    .action(async (client: string, options: ChangeOptions) => enable(client, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'after client disable', run: 'portvakt client enable demo-certificate' },
      { does: 'and the answer for a program', run: 'portvakt client enable demo-certificate -o json' },
    ],
    seeAlso: ['portvakt client disable', 'portvakt client list'],
  });
}

type UpdateOptions = ChangeOptions & {
  readonly name?: string;
  readonly description?: string;
  readonly scope?: readonly string[];
  readonly addScope?: readonly string[];
  readonly removeScope?: readonly string[];
  readonly lifetime?: number;
};

async function update(nameOrId: string, options: UpdateOptions, terminal: Terminal): Promise<void> {
  const { name, description, scope, addScope = [], removeScope = [], lifetime } = options;
  if ([name, description, scope, lifetime].every((value) => value === undefined) && addScope.length + removeScope.length === 0)
    throw new Failure('usage', 'nothing is to be changed', { fix: 'add --help to see what can be' });
  const api = await openApi(terminal, options);
  const before = await findClient(api, nameOrId);
  const scopes = [...new Set([...(scope ?? before.object.scopes), ...addScope])].filter((each) => !removeScope.includes(each));
  const lost = before.object.scopes.filter((each) => !scopes.includes(each));
  const what = lost.length === 0 ? 'is changed.' : `loses ${lost.join(', ')}.`;
  await confirm(api, options, { what: `The client ${before.object.client_name} ${what}`, takesAway: lost.length > 0 });
  const members = {
    scopes,
    ...(name !== undefined && { client_name: name }),
    ...(description !== undefined && { description }),
    ...(lifetime !== undefined && { access_token_lifetime: lifetime }),
  };
  const answer = await put(api, before, members);
  tellChange(api, `client ${answer.object.client_name} is changed`);
  await show(api, answer);
}

async function disable(nameOrId: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const before = await findClient(api, nameOrId);
  const { client_id, client_name } = before.object;
  const tokens = (await countsOfClients(api, client_id))?.reduce((sum, count) => sum + count.tokens, 0);
  const counted = tokens === undefined ? '' : `, which has got ${tokens} tokens`;
  await confirm(api, options, { what: `This stops ${client_name} (${client_id})${counted}.`, takesAway: true });
  const answer = await api.change('DELETE', path`/clients/${client_id}`, {
    scopes: WRITE_CLIENTS,
    shape: z.undefined(),
    ...match(before),
  });
  tellChange(api, `client ${client_name} is disabled`, `portvakt client enable ${client_name}`);
  await show(api, { ...answer, object: { ...before.object, active: false } });
}

async function enable(nameOrId: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const before = await findClient(api, nameOrId);
  const { active, client_name } = before.object;
  await confirm(api, options, { what: `The client ${client_name} gets tokens again.`, takesAway: false });
  const answer = active ? before : await put(api, before, { active: true });
  tellChange(api, active ? `client ${client_name} was active already` : `client ${client_name} is active`);
  await show(api, answer);
}

/** Writes back what stands, with these members in place of theirs, unless somebody else has changed it meanwhile. */
function put(api: ApiClient, before: Answer<Client>, members: object): Promise<Answer<Client>> {
  const address = path`/clients/${before.object.client_id}`;
  const body = { ...before.object, ...members };
  return api.change('PUT', address, { body, scopes: CHANGE_CLIENTS, shape: clientShape, ...match(before) });
}

function match({ etag }: Answer<unknown>): { readonly ifMatch?: string } {
  return etag === undefined ? {} : { ifMatch: etag };
}

async function show(api: ApiClient, answer: Answer<Client>): Promise<void> {
  const moment = await api.moment();
  const counts = await countsOfClients(api, answer.object.client_id);
  await api.terminal.answer(
    changed(api, toRow(answer.object, counts, moment.now), answer),
    changedView(clientDetailView(moment)),
  );
}
