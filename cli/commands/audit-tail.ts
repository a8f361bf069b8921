import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { type Address, type ApiClient, openApi, withQuery } from '../api-client.ts';
import { readAll, readPages } from '../api-list.ts';
import { count } from '../api-options.ts';
import {
  type AuditRecord,
  addressOf,
  auditRecord,
  auditView,
  type FilterOptions,
  filterOptions,
  READ_AUDIT,
} from '../audit-records.ts';
import { document } from '../help.ts';
import { stopSignal } from '../signals.ts';
import { Terminal } from '../terminal.ts';

/** How often it is looked for more, in milliseconds. */
const EVERY = 2_000;

/** `portvakt audit tail`: the last records, oldest first, and with --follow those that come. */
export function define(command: Command): void {
  filterOptions(command)
    .description('Shows the last records of the audit, oldest first, and follows it if wished.')
    .option('-n, --lines <n>', 'so many records', count, 10)
    .option('-f, --follow', 'go on with what comes, a JSON object a line, until Ctrl-C')
    .action(async (options: Options) => tail(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'the last ten', run: 'portvakt audit tail' },
      { does: 'the last refusals', run: 'portvakt audit tail -n 3 --type token.refused' },
    ],
    seeAlso: ['portvakt audit list', 'portvakt explain'],
  });
}

type Options = FilterOptions & { readonly lines: number; readonly follow?: boolean };

async function tail(options: Options, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const last = (await newest(api, addressOf(options), options.lines)).toReversed();
  if (options.follow !== true) {
    await terminal.answer({ items: last, next: null }, auditView(await api.moment()));
    return;
  }
  print(last);
  await follow(api, options, last.at(-1)?.sequence ?? 0);
}

async function follow(api: ApiClient, options: Options, from: number): Promise<void> {
  const ended = new AbortController();
  void stopSignal().then(() => ended.abort());
  let seen = from;
  while (!ended.signal.aborted) {
    await pause(EVERY, undefined, { signal: ended.signal }).catch(() => undefined);
    // Asked first, and of any kind: behind it nothing is missed, and where nothing fits the server need not look further back each time.
    const [end] = await newest(api, withQuery(addressOf({}), { after: `${seen}` }), 1);
    const fresh = await since(api, options, seen);
    print(fresh);
    seen = Math.max(seen, end?.sequence ?? 0, fresh.at(-1)?.sequence ?? 0);
  }
}

/** What has come since, oldest first. */
async function since(api: ApiClient, options: Options, seen: number): Promise<readonly AuditRecord[]> {
  const address = withQuery(addressOf(options), { after: `${seen}` });
  return (await readAll(api, address, { shape: auditRecord, scopes: READ_AUDIT })).toReversed();
}

async function newest(api: ApiClient, address: Address, limit: number): Promise<readonly AuditRecord[]> {
  return (await readPages(api, address, { shape: auditRecord, scopes: READ_AUDIT, part: { limit, all: false } })).items;
}

function print(records: readonly AuditRecord[]): void {
  for (const record of records) process.stdout.write(`${JSON.stringify(record)}\n`);
}
