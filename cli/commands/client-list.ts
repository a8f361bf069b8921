import type { Command } from 'commander';
import { openApi, path } from '../api-client.ts';
import { partOf, readAll } from '../api-list.ts';
import { type ListOptions, listOptions, readOrgno } from '../api-options.ts';
import { OPERATE } from '../api-scopes.ts';
import { client as clientShape } from '../api-shapes.ts';
import { type ClientRow, clientDetailView, clientView, toRow } from '../client-view.ts';
import { findClient, ownClients } from '../find-client.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { countsOfClients } from '../token-counts.ts';

/** `portvakt client list` */
export function defineList(command: Command): void {
  listOptions(command)
    .description("Lists your organisation's clients, and which of them need attention.")
    .option('--inactive', 'disabled ones too')
    .option('--as-org <orgno>', 'those of another organisation; for the operator')
    .action(async (options: ListedOptions) => list(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'what there is', run: 'portvakt client list' },
      { does: 'by their last token, for a spreadsheet', run: 'portvakt client list --inactive --sort -last_token -o csv' },
    ],
    seeAlso: ['portvakt client show', 'portvakt key rotate'],
  });
}

/** `portvakt client show` */
export function defineShow(command: Command): void {
  command
    .description('Shows a client with its scopes, keys and last token.')
    .argument('<client>', 'name or id')
    .action(async (client: string) => show(client, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'by its name', run: 'portvakt client show demo-consumer' },
      { does: 'all that the server knows of it', run: 'portvakt client show demo-consumer -o json' },
    ],
    seeAlso: ['portvakt client update', 'portvakt key list', 'portvakt client test'],
  });
}

type ListedOptions = ListOptions & { readonly inactive?: boolean; readonly asOrg?: string };

async function list({ inactive = false, asOrg, ...part }: ListedOptions, terminal: Terminal): Promise<void> {
  const orgno = asOrg === undefined ? undefined : readOrgno(asOrg);
  const api = await openApi(terminal);
  const moment = await api.moment();
  const listing = { shape: clientShape, scopes: OPERATE };
  const clients =
    orgno === undefined
      ? await ownClients(api, inactive)
      : (await readAll(api, path`/operator/organizations/${orgno}/clients`, listing)).filter(({ active }) => active || inactive);
  const counts = orgno === undefined ? await countsOfClients(api) : undefined;
  const rows = clients.map((client) => toRow(client, counts, moment.now));
  const view = clientView(moment);
  await terminal.answer(partOf(api, rows, { view, part }), view);
  terminal.remark(summary(rows));
}

function summary(rows: readonly ClientRow[]): string {
  const expiring = rows.filter(({ state }) => state === 'key expired' || state === 'key expiring');
  const keyless = rows.filter(({ state }) => state === 'no key');
  const needy = [...expiring, ...keyless];
  const counted = `${rows.length} client${rows.length === 1 ? '' : 's'}.`;
  const [first] = needy;
  if (!first) return counted;
  const what = first.state === 'no key' ? 'key add' : 'key rotate';
  return `${counted} ${needy.length} need${needy.length === 1 ? 's' : ''} attention: portvakt ${what} ${first.client_name}`;
}

async function show(nameOrId: string, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { object } = await findClient(api, nameOrId);
  const counts = await countsOfClients(api, object.client_id);
  const moment = await api.moment();
  await terminal.answer(toRow(object, counts, moment.now), clientDetailView(moment));
}
