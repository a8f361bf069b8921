import type { Command } from 'commander';
import { type ApiClient, openApi } from '../api-client.ts';
import { partOf, readAll } from '../api-list.ts';
import { type ListOptions, listOptions } from '../api-options.ts';
import { OPERATE } from '../api-scopes.ts';
import { findTrust, trustedAuthorities } from '../find-trust.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { type RevocationList, revocationList } from '../trust-shapes.ts';
import { type TrustRow, toTrustRow, trustView } from '../trust-view.ts';

/** `portvakt trust list` */
export function defineList(command: Command): void {
  listOptions(command)
    .description('Lists the trusted CAs, with how fresh their revocation lists are, and the days that they have left.')
    .action(async (part: ListOptions) => list(part, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'who is trusted', run: 'portvakt trust list' },
      { does: 'those that end first', run: 'portvakt trust list --sort days_left -o wide' },
    ],
    seeAlso: ['portvakt trust add', 'portvakt trust refresh'],
  });
}

/** `portvakt trust show` */
export function defineShow(command: Command): void {
  command
    .description('Shows a trusted CA, and what is known of its revocation lists.')
    .argument('<ca>', 'its id, the beginning of that, or the file of its certificate')
    .action(async (named: string) => show(named, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'by its certificate', run: 'portvakt trust show ca.pem' },
      { does: 'with the certificate and the lists, for a program', run: 'portvakt trust show ca.pem -o json' },
    ],
    seeAlso: ['portvakt trust list', 'portvakt trust update'],
  });
}

async function list(part: ListOptions, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { now } = await api.moment();
  const lists = await knownLists(api);
  const rows = (await trustedAuthorities(api)).map((entry) => toTrustRow(entry, lists, now));
  await terminal.answer(partOf(api, rows.toSorted(anchorsFirst), { view: trustView, part }), trustView);
}

async function show(named: string, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const { now } = await api.moment();
  const entry = await findTrust(api, named);
  await terminal.answer(toTrustRow(entry, await knownLists(api), now), trustView);
}

async function knownLists(api: ApiClient): Promise<readonly RevocationList[]> {
  return readAll(api, '/operator/revocation-lists', { shape: revocationList, scopes: OPERATE });
}

/** By name within. */
function anchorsFirst(one: TrustRow, other: TrustRow): number {
  return one.role.localeCompare(other.role, 'en') || one.subject.localeCompare(other.subject, 'en');
}
