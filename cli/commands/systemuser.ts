import { type Command, Option } from 'commander';
import { type SystemUser, systemUser as systemUserShape } from '../acting-shapes.ts';
import { openApi, path, withQuery } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { READ_SYSTEMS, WRITE_SYSTEMS } from '../api-scopes.ts';
import { changed, changedView, madeView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { document } from '../help.ts';
import { day } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt systemuser list | show | request | approve | revoke` */
export function define(command: Command): void {
  command.description("Says which vendors' systems may act for which customers.");
  defineList(command.command('list').summary('list system users'));
  defineShow(command.command('show').summary('show a system user'));
  defineRequest(command.command('request').summary('ask a customer (vendor)'));
  defineApprove(command.command('approve').summary('let the system act (customer)'));
  defineRevoke(command.command('revoke').summary('end a system user (either party)'));
}

const FIRST = 'portvakt systemuser list -o name';

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the system users of your organisation, as vendor and as customer.')
    .addOption(new Option('--role <role>', 'of your organisation').choices(['vendor', 'customer']))
    .option('--inactive', 'revoked ones too')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what waits for you, or acts for you', run: 'portvakt systemuser list --role customer' },
      { does: 'everything there has been', run: 'portvakt systemuser list --inactive -o json' },
    ],
    seeAlso: ['portvakt systemuser approve', 'portvakt system list'],
  });
}

function defineShow(command: Command): void {
  command
    .description('Shows a system user, to its vendor and its customer.')
    .argument('<id>', 'as systemuser list shows it')
    .action(async (id: string) => show(id, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'each', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser show` },
      { does: 'for a program', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser show -o json` },
    ],
    seeAlso: ['portvakt systemuser list'],
  });
}

function defineRequest(command: Command): void {
  changeOptions(command)
    .description('Asks a customer to let a system of your organisation act for it.')
    .argument('<system>', 'one of your organisation')
    .argument('<orgno>', 'the customer')
    .option('--ref <text>', 'tells several of one customer apart')
    .action(async (system: string, orgno: string, options: RequestOptions) =>
      request({ system, orgno }, options, Terminal.of(command)),
    );
  document(command, {
    examples: [
      { does: 'one customer', run: 'portvakt systemuser request 310555037_sagbruk 310555037' },
      { does: 'a second for the same customer', run: 'portvakt systemuser request 310555037_sagbruk 310555037 --ref sag-2' },
    ],
    seeAlso: ['portvakt systemuser list', 'portvakt system register'],
  });
}

function defineApprove(command: Command): void {
  changeOptions(command)
    .description('Lets a system act for your organisation, from its next request for a token on.')
    .argument('<id>', 'as systemuser list shows it')
    .action(async (id: string, options: ChangeOptions) => approve(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser approve --dry-run` },
      { does: 'everything that waits', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser approve` },
    ],
    seeAlso: ['portvakt systemuser list', 'portvakt systemuser revoke'],
  });
}

function defineRevoke(command: Command): void {
  changeOptions(command)
    .description('Ends a system user: no tokens from the next request on. Vendor and customer may.')
    .argument('<id>', 'as systemuser list shows it')
    .action(async (id: string, options: ChangeOptions) => revoke(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser revoke --dry-run` },
      { does: 'in a script', run: `${FIRST} |\n  xargs -rn1 portvakt systemuser revoke --yes` },
    ],
    seeAlso: ['portvakt systemuser list', 'portvakt systemuser approve'],
  });
}

type ListedOptions = ListOptions & { readonly role?: string; readonly inactive?: boolean };
type RequestOptions = ChangeOptions & { readonly ref?: string };

async function list({ role, inactive, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const listing = { shape: systemUserShape, scopes: READ_SYSTEMS, part };
  const users = await readPages(api, withQuery('/systemusers', { role, inactive }), listing);
  await terminal.answer(sorted(api, users, view), view);
  const waiting = users.items.find(({ state, customer_orgno }) => state === 'REQUESTED' && customer_orgno === api.context.org);
  if (waiting) terminal.next(`portvakt systemuser approve ${waiting.id}`);
}

async function show(id: string, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  await terminal.answer((await api.get(address(id), systemUserShape, READ_SYSTEMS)).object, view);
}

async function request(
  { system, orgno }: { readonly system: string; readonly orgno: string },
  options: RequestOptions,
  terminal: Terminal,
): Promise<void> {
  const customer = readOrgno(orgno);
  const { ref } = options;
  const body = { system_id: system, customer_orgno: customer, ...(ref !== undefined && { external_ref: ref }) };
  const api = await openApi(terminal, options);
  await confirm(api, options, { what: `${customer} is asked to let ${system} act for it.`, takesAway: false });
  const answer = await api.change('POST', '/systemusers', { body, scopes: WRITE_SYSTEMS, shape: systemUserShape });
  tellChange(api, `${customer} is asked`, `portvakt systemuser approve ${answer.object.id}   (run by ${customer})`);
  await terminal.answer(changed(api, answer.object, answer), madeView(api, view));
}

async function approve(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { system_id: system, customer_orgno: customer } = (await api.get(address(id), systemUserShape, READ_SYSTEMS)).object;
  await confirm(api, options, { what: `${system} may act for ${customer}.`, takesAway: false });
  const answer = await api.change('POST', `${address(id)}/approve`, { scopes: WRITE_SYSTEMS, shape: systemUserShape });
  tellChange(api, `${system} may act for ${customer}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

async function revoke(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { system_id: system, customer_orgno: customer } = (await api.get(address(id), systemUserShape, READ_SYSTEMS)).object;
  await confirm(api, options, { what: `This stops ${system}, which acts for ${customer}.`, takesAway: true });
  const answer = await api.change('POST', `${address(id)}/revoke`, { scopes: WRITE_SYSTEMS, shape: systemUserShape });
  tellChange(api, `${system} acts no longer for ${customer}`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

/** The identifier as it is, or as `-o name` prints it. */
function address(id: string): string {
  return path`/systemusers/${id.replace(/^systemuser\//, '')}`;
}

const view: View<SystemUser> = {
  fields: [
    { name: 'id' },
    { name: 'system_id', heading: 'system' },
    { name: 'customer_orgno', heading: 'customer' },
    { name: 'external_ref', heading: 'ref' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'created', heading: 'asked', text: ({ created }) => day(created), wide: true },
    { name: 'last_updated', heading: 'changed', text: ({ last_updated }) => day(last_updated), wide: true },
  ],
  name: ({ id }) => `systemuser/${id}`,
};
