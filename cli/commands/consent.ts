import { type Command, Option } from 'commander';
import { type Consent, consent as consentShape } from '../acting-shapes.ts';
import { openApi, path, withQuery } from '../api-client.ts';
import { readPages, sorted } from '../api-list.ts';
import { type ChangeOptions, changeOptions, type ListOptions, listOptions } from '../api-options.ts';
import { READ_CONSENTS, WRITE_CONSENTS } from '../api-scopes.ts';
import { changed, changedView, tellChange } from '../change.ts';
import { confirm } from '../confirm.ts';
import { document } from '../help.ts';
import { day, lastDay } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt consent list | show | revoke` */
export function define(command: Command): void {
  command.description('Shows the consents that your organisation may use or has given, and withdraws its own.');
  defineList(command.command('list').summary('list consents'));
  defineShow(command.command('show').summary('show a consent'));
  defineRevoke(command.command('revoke').summary('withdraw a consent that your organisation gave'));
}

const LIST = 'portvakt consent list -o name';

function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the consents that your organisation may use, and those that it has given.')
    .addOption(new Option('--role <role>', 'of your organisation').choices(['recipient', 'giver']))
    .option('--inactive', 'revoked and expired ones too')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what your organisation may use', run: 'portvakt consent list --role recipient' },
      { does: 'everything there has been', run: 'portvakt consent list --inactive -o json' },
    ],
    seeAlso: ['portvakt consent show'],
  });
}

function defineShow(command: Command): void {
  command
    .description('Shows a consent, to its giver and to whom it was given.')
    .argument('<id>', 'as consent list shows it')
    .action(async (id: string) => show(id, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'each', run: `${LIST} |\n  xargs -rn1 portvakt consent show` },
      { does: 'with what is consented to', run: `${LIST} |\n  xargs -rn1 portvakt consent show -o json` },
    ],
    seeAlso: ['portvakt consent list'],
  });
}

function defineRevoke(command: Command): void {
  changeOptions(command)
    .description('Withdraws a consent that your organisation gave: no tokens with it from the next request on.')
    .argument('<id>', 'as consent list shows it')
    .action(async (id: string, options: ChangeOptions) => revoke(id, options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what would happen', run: `${LIST} --role giver |\n  xargs -rn1 portvakt consent revoke --dry-run` },
      { does: 'everything that was given', run: `${LIST} --role giver |\n  xargs -rn1 portvakt consent revoke --yes` },
    ],
    seeAlso: ['portvakt consent list'],
  });
}

type ListedOptions = ListOptions & { readonly role?: string; readonly inactive?: boolean };

async function list({ role, inactive, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const listing = { shape: consentShape, scopes: READ_CONSENTS, part };
  const consents = await readPages(api, withQuery('/consents', { role, inactive }), listing);
  await terminal.answer(sorted(api, consents, view), view);
}

async function show(id: string, terminal: Terminal): Promise<void> {
  await terminal.answer((await (await openApi(terminal)).get(address(id), consentShape, READ_CONSENTS)).object, view);
}

async function revoke(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal, options);
  const { to_orgno: recipient } = (await api.get(address(id), consentShape, READ_CONSENTS)).object;
  await confirm(api, options, { what: `${recipient} may no longer use the consent.`, takesAway: true });
  const answer = await api.change('POST', `${address(id)}/revoke`, { scopes: WRITE_CONSENTS, shape: consentShape });
  tellChange(api, `${recipient} may no longer use the consent`);
  await terminal.answer(changed(api, answer.object, answer), changedView(view));
}

/** The identifier as it is, or as `-o name` prints it. */
function address(id: string): string {
  return path`/consents/${id.replace(/^consent\//, '')}`;
}

const view: View<Consent> = {
  fields: [
    { name: 'id' },
    { name: 'from' },
    { name: 'to_orgno', heading: 'to' },
    { name: 'state', text: ({ state }) => state.toLowerCase() },
    { name: 'valid_to', heading: 'until', text: ({ valid_to }) => lastDay(valid_to) },
    { name: 'consented', heading: 'given', text: ({ consented }) => day(consented), wide: true },
    { name: 'consent_rights', heading: 'rights', wide: true },
  ],
  name: ({ id }) => `consent/${id}`,
};
