import type { Command } from 'commander';
import { type System, system as systemShape } from '../acting-shapes.ts';
import { openApi, path, withQuery } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions, several } from '../api-options.ts';
import { READ_SYSTEMS, WRITE_SYSTEMS } from '../api-scopes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt system list | show | register | update | disable` */
export function define(command: Command): void {
  command.description('Registers the systems of your organisation through which system users act.');
  defineRegister(command.command('register').summary('register a system'));
  defineList(command.command('list').summary('list your systems'));
  defineShow(command.command('show').summary('show a system'));
  defineUpdate(command.command('update').summary('change a system'));
  defineDisable(command.command('disable').summary('make a system inactive'));
}

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the systems of your organisation.')
    .option('--inactive', 'disabled ones too')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what your organisation sells', run: 'portvakt system list' },
      { does: 'disabled ones too', run: 'portvakt system list --inactive -o json' },
    ],
    seeAlso: ['portvakt system register', 'portvakt systemuser list'],
  });
}

function defineShow(command: Command): void {
  ofSystem(command)
    .description('Shows a system of your organisation.')
    .action(async (id: string) => show(id, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'its clients among the rest', run: 'portvakt system show 310555037_sagbruk' },
      { does: 'for a program', run: 'portvakt system show 310555037_sagbruk -o json' },
    ],
    seeAlso: ['portvakt system list', 'portvakt system update'],
  });
}

function defineRegister(command: Command): void {
  settings(changeOptions(ofSystem(command)))
    .description("Registers a system, by your organisation's number, an underscore and a name.")
    .action(async (id: string, options: Settings) => register(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'one without clients yet', run: 'portvakt system register 310555037_sagbruk --name Sagbruk' },
      { does: 'what would be stored', run: 'portvakt system register 310555037_kart --name Kart --dry-run -o json' },
    ],
    seeAlso: ['portvakt systemuser request', 'portvakt client list'],
  });
}

function defineUpdate(command: Command): void {
  settings(changeOptions(ofSystem(command)))
    .description('Changes what is named, and leaves the rest; a disabled system is active again.')
    .action(async (id: string, options: Settings) => update(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'its name', run: 'portvakt system update 310555037_sagbruk --name Høvleri' },
      { does: 'a description', run: 'portvakt system update 310555037_sagbruk \\\n  --description "Tømmer inn, planker ut"' },
    ],
    seeAlso: ['portvakt system show', 'portvakt system disable'],
  });
}

function defineDisable(command: Command): void {
  changeOptions(ofSystem(command))
    .description('Makes a system inactive: its users get no tokens from the next request on.')
    .action(async (id: string, options: ChangeOptions) => disable(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt system disable 310555037_sagbruk --dry-run' },
      {
        does: 'and again',
        run: 'portvakt system disable 310555037_sagbruk --yes && \\\n  portvakt system update 310555037_sagbruk',
      },
    ],
    seeAlso: ['portvakt system update', 'portvakt systemuser revoke'],
  });
}

function ofSystem(command: Command): Command {
  return command.argument('<system-id>', 'such as 310555037_sagbruk');
}

function settings(command: Command): Command {
  return command
    .option('--name <text>', 'what people call it')
    .option('--description <text>', 'what it does')
    .option('--client <ids>', 'clients through which its users act; repeat, or put commas between', several);
}

type ListedOptions = ListOptions & { readonly inactive?: boolean };
type Settings = ChangeOptions & {
  readonly name?: string;
  readonly description?: string;
  readonly client?: readonly string[];
};

async function list({ inactive, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const listing = { shape: systemShape, scopes: READ_SYSTEMS, part };
  const systems = await readPages(api, withQuery('/systems', { inactive }), listing);
  await terminal.answer(sorted(api, systems, view), view);
}

async function show(id: string, terminal: Terminal): Promise<void> {
  await terminal.answer((await (await openApi(terminal)).get(address(id), systemShape, READ_SYSTEMS)).object, view);
}

async function register(id: string, options: Settings, terminal: Terminal): Promise<void> {
  const { name = id.slice(id.indexOf('_') + 1), description, client = [] } = options;
  const body = { system_id: id, name, ...(description !== undefined && { description }), client_ids: client };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `The system ${id} is registered.`, takesAway: false });
  const answer = await api.change('POST', '/systems', { body, scopes: WRITE_SYSTEMS, shape: systemShape });
  tellChange(api, `system ${id} is registered`, `portvakt systemuser request ${id} ORGNO`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

async function update(id: string, options: Settings, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { object, etag: ifMatch = '*' } = await api.get(address(id), systemShape, READ_SYSTEMS);
  const { name = object.name, description = object.description, client = object.client_ids } = options;
  const body = { name, ...(description !== undefined && { description }), client_ids: client };
  await confirm(api, options, { what: `The system ${id} is changed.`, takesAway: false });
  const answer = await api.change('PUT', address(id), { body, scopes: WRITE_SYSTEMS, shape: systemShape, ifMatch });
  tellChange(api, `system ${id} is changed`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

async function disable(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { etag: ifMatch = '*' } = await api.get(address(id), systemShape, READ_SYSTEMS);
  await confirm(api, options, { what: `This stops every user of the system ${id}.`, takesAway: true });
  const answer = await api.change('DELETE', address(id), { scopes: WRITE_SYSTEMS, shape: systemShape, ifMatch });
  tellChange(api, `system ${id} is disabled`, `portvakt system update ${id}   (to make it active again)`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

/** The identifier as it is, or as `-o name` prints it. */
function address(id: string): string {
  return path`/systems/${id.replace(/^system\//, '')}`;
}

const view: View<System> = {
  fields: [
    { name: 'system_id', heading: 'system' },
    { name: 'name' },
    { name: 'client_ids', heading: 'clients' },
    { name: 'active', heading: 'state', text: ({ active }) => (active ? 'active' : 'disabled') },
    { name: 'description', wide: true },
    { name: 'created', heading: 'since', text: ({ created }) => day(created), wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ system_id }) => `system/${system_id}`,
};
