import type { Command } from 'commander';
import { openApi, openPublicApi, path, withQuery } from '../api-client.ts';
import { partOf, readWhole } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { OPERATE, PUBLIC, READ_SCOPES } from '../api-scopes.ts';
import { type Prefix, prefix as prefixShape } from '../api-shapes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { suggesting } from '../find-scope.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt prefix list | assign | release` */
export function define(command: Command): void {
  command.description('Shows scope prefixes, hands them out and takes them back.');
  defineList(command.command('list').summary('list prefixes'));
  defineAssign(command.command('assign').summary('give a prefix to an organisation (operator)'));
  defineRelease(command.command('release').summary('take a prefix back (operator)'));
}

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the scope prefixes of your organisation, or with --public those of every organisation.')
    .option('--public', "everybody's; that takes no log-in")
    .option('--inactive', 'released ones too, with --public')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'under which your organisation may register scopes', run: 'portvakt prefix list' },
      { does: 'who owns which', run: 'portvakt prefix list --public --sort owner_orgno' },
    ],
    seeAlso: ['portvakt scope create', 'portvakt scope search'],
  });
}

function defineAssign(command: Command): void {
  changeOptions(command)
    .description('Gives a scope prefix to an organisation, which may then register scopes under it. For the operator.')
    .argument('<prefix>', 'small letters, digits, "_" and "-"')
    .argument('<orgno>', 'the organisation')
    .action(async (name: string, orgno: string, options: ChangeOptions) =>
      assign({ name, orgno }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'to an organisation of this server', run: 'portvakt prefix assign liksom 310555053' },
      { does: 'what would be stored', run: 'portvakt prefix assign demo 310555045 --dry-run -o json' },
    ],
    seeAlso: ['portvakt prefix release', 'portvakt org list'],
  });
}

function defineRelease(command: Command): void {
  changeOptions(command)
    .description('Takes a scope prefix back that has no active scopes. For the operator.')
    .argument('<prefix>', 'the prefix')
    .action(async (name: string, options: ChangeOptions) => release(name, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: 'portvakt prefix release liksom --dry-run' },
      { does: 'in a script', run: 'portvakt prefix release liksom --yes' },
    ],
    seeAlso: ['portvakt prefix assign', 'portvakt scope disable'],
  });
}

type ListedOptions = ListOptions & { readonly public?: boolean; readonly inactive?: boolean };

async function list({ public: everybodys, inactive, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const api = everybodys ? await openPublicApi(terminal) : await openApi(terminal);
  const address = everybodys ? withQuery('/prefix/all', { inactive }) : '/prefix';
  const prefixes = await readWhole(api, address, { shape: prefixShape, scopes: everybodys ? PUBLIC : READ_SCOPES });
  await terminal.answer(partOf(api, prefixes, { view, part }), view);
  const [first] = prefixes;
  if (first && !everybodys) terminal.next(`portvakt scope create ${first.prefix}:NAME --description TEXT`);
}

async function assign(
  { name, orgno }: { name: string; orgno: string },
  options: ChangeOptions,
  terminal: Terminal,
): Promise<void> {
  const body = { prefix: name, owner_orgno: readOrgno(orgno) };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `The prefix ${name} is given to ${body.owner_orgno}.`, takesAway: false });
  const answer = await api.change('POST', '/operator/prefixes', { body, scopes: OPERATE, shape: prefixShape });
  const { owner_orgno, organization_name = '' } = answer.object;
  tellChange(
    api,
    `${owner_orgno} ${organization_name} may register scopes under ${name}`,
    `portvakt scope create ${name}:NAME   (its own)`,
  );
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

async function release(name: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const address = path`/operator/prefixes/${name}`;
  const before = await api.get(address, prefixShape, OPERATE).catch(async (error: unknown) => {
    throw await suggesting(error, name, async () =>
      (await readWhole(api, '/prefix/all', { shape: prefixShape, scopes: PUBLIC })).map(({ prefix }) => prefix),
    );
  });
  const { owner_orgno, organization_name = '' } = before.object;
  await confirm(api, options, { what: `This takes ${name} from ${owner_orgno} ${organization_name}.`, takesAway: true });
  const { etag: ifMatch = '*' } = before;
  const answer = await api.change('DELETE', address, { scopes: OPERATE, shape: prefixShape, ifMatch });
  tellChange(api, `${name} is nobody's now`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

const view: View<Prefix> = {
  fields: [
    { name: 'prefix' },
    { name: 'owner_orgno', heading: 'owner' },
    { name: 'organization_name', heading: 'name' },
    { name: 'active', heading: 'state', text: ({ active }) => (active ? 'active' : 'released') },
    { name: 'created', heading: 'since', text: ({ created }) => day(created) },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ prefix }) => `prefix/${prefix}`,
};
