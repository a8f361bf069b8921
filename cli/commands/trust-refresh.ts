import type { Command } from 'commander';
import { z } from 'zod';
import { openApi, path } from '../api-client.ts';
import { OPERATE } from '../api-scopes.ts';
import { Failure } from '../failure.ts';
import { findTrust, trustedAuthorities } from '../find-trust.ts';
import { document } from '../help.ts';
import { Terminal } from '../terminal.ts';
import { type RevocationList, revocationList } from '../trust-shapes.ts';
import { listView } from '../trust-view.ts';

/** `portvakt trust refresh` */
export function define(command: Command): void {
  command
    .description('Fetches revocation lists now, and tells what came of it: exit 0 when all are there, 11 when one is not.')
    .argument('[ca]', 'of this CA alone: its id, the beginning of that, or the file of its certificate')
    .action(async (named: string | undefined) => refresh(named, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'of all trusted CAs', run: 'portvakt trust refresh' },
      { does: 'of one', run: 'portvakt trust refresh ca.pem -o json' },
    ],
    seeAlso: ['portvakt trust list', 'portvakt trust update'],
  });
}

async function refresh(named: string | undefined, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const entries = named === undefined ? await trustedAuthorities(api) : [await findTrust(api, named)];
  const lists: RevocationList[] = [];
  for (const { id } of entries.filter(({ crl_urls }) => crl_urls.length > 0)) {
    const address = path`/operator/trust/${id}/refresh`;
    lists.push(...(await api.query(address, { shape: z.array(revocationList), scopes: OPERATE })).object);
  }
  await terminal.answer({ items: lists, next: null }, listView);
  const failed = lists.filter(({ failure }) => failure !== undefined);
  if (failed.length > 0)
    throw new Failure('unhealthy', `${failed.length} of ${lists.length} lists could not be fetched`, {
      fix: 'portvakt trust list',
    });
  terminal.say(lists.length === 0 ? 'no CA has a list to fetch' : `all is well: ${lists.length} lists`);
}
