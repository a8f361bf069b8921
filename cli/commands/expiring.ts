import { createHash } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { FURTHEST, parseDays, WARNINGS } from '../../server/core/endings.ts';
import { DAY, type EpochSeconds } from '../../server/core/time.ts';
import { openApi } from '../api-client.ts';
import { partOf } from '../api-list.ts';
import { type ListOptions, listOptions } from '../api-options.ts';
import { type CalendarEvent, calendar } from '../calendar.ts';
import { type Expiring, readEndings } from '../endings.ts';
import { Failure } from '../failure.ts';
import { document } from '../help.ts';
import { relative, seconds } from '../moment.ts';
import type { View } from '../output.ts';
import { Terminal } from '../terminal.ts';

/** `portvakt expiring`: what ends soon; its exit code says whether there is any. user-experience §6 */
export function define(command: Command): void {
  listOptions(command)
    .description('Tells what ends soon: exit 10 when something does, 0 when nothing does.')
    .option('--within <days>', 'how far to look ahead, such as 30d', days, 90)
    .option('--ics', 'a calendar for calendar programs (RFC 5545), in place of a list')
    .action(async (options: Options) => tell(options, Terminal.of(command)));
  document(command, {
    examples: [
      { does: 'keys, certificates and delegations, 90 days ahead', run: 'portvakt expiring' },
      { does: 'for a nightly job, which it fails', run: 'portvakt expiring --within 30d -o csv' },
      { does: 'for a calendar', run: 'portvakt expiring --within 180d --ics > ends.ics' },
    ],
    seeAlso: ['portvakt key rotate', 'portvakt delegation give', 'portvakt help exit-codes'],
  });
}

type Options = ListOptions & { readonly within: number; readonly ics?: boolean };

function days(text: string): number {
  const number = parseDays(text);
  if (number === undefined) throw new InvalidArgumentError(`It is a number of days such as 30d, at most ${FURTHEST}d.`);
  return number;
}

async function tell(options: Options, terminal: Terminal): Promise<void> {
  const api = await openApi(terminal);
  const all = await readEndings(api, options.within);
  const { now, utc } = await api.moment();
  const view = viewAt({ now, utc });
  if (options.ics) process.stdout.write(calendarOf(api.server, all, now));
  else await terminal.answer(partOf(api, all, { view, part: options }), view);
  const [first] = all;
  if (first) throw found(all.length, options.within, first);
}

function found(count: number, within: number, first: Expiring): Failure {
  const things = count === 1 ? '1 thing ends' : `${count} things end`;
  return new Failure('changes', `${things} within ${within} day${within === 1 ? '' : 's'}`, { fix: remedy(first) });
}

/** What to do about the most pressing one. */
function remedy({ kind, name, id, client_id, orgno, supplier_orgno }: Expiring): string {
  switch (kind) {
    case 'key':
      return `portvakt key rotate ${client_id}`;
    case 'certificate':
      return `order a new certificate for ${name} ${orgno}`;
    case 'delegation':
      return `portvakt delegation give ${name.split(' ')[0]} --to ${supplier_orgno}   (run by ${orgno})`;
    default:
      return `trust the authority that follows ${name || id}`;
  }
}

function viewAt(moment: { readonly now: EpochSeconds; readonly utc: boolean }): View<Expiring> {
  return {
    fields: [
      { name: 'ends', text: ({ ends }) => relative(seconds(ends), moment) },
      {
        name: 'within_days',
        heading: 'within',
        text: ({ within_days }) => (within_days === undefined ? '' : `${within_days} d`),
      },
      { name: 'kind' },
      { name: 'name' },
      { name: 'id', text: ({ id }) => (/^[0-9a-f]{64}$/.test(id) ? `${id.slice(0, 16)}…` : id) },
      { name: 'orgno', heading: 'org' },
      { name: 'supplier_orgno', heading: 'supplier' },
      { name: 'client_id', wide: true },
      { name: 'serial', wide: true },
      {
        ...{ name: 'last_seen', wide: true },
        text: ({ last_seen }) => (last_seen === undefined ? '' : relative(seconds(last_seen), moment)),
      },
    ],
    name: ({ kind, client_id, id }) => [kind, client_id, id].filter((part) => part !== undefined).join('/'),
  };
}

function calendarOf(server: string, all: readonly Expiring[], now: EpochSeconds): string {
  const { host } = new URL(server);
  return calendar(
    `Portvakt ${host}`,
    all.map((each) => eventOf(each, { host, now })),
    now,
  );
}

/** Its identity is the thing, not its end: a later end moves the event. Reminders that are past already are left out. */
function eventOf(each: Expiring, { host, now }: { readonly host: string; readonly now: EpochSeconds }): CalendarEvent {
  const { kind, name, id, client_id = '', orgno, supplier_orgno } = each;
  const at = seconds(each.ends);
  const whose = [orgno, supplier_orgno].filter((party) => party !== undefined).join(' → ');
  return {
    uid: `${createHash('sha256')
      .update(JSON.stringify([kind, client_id, id]))
      .digest('hex')
      .slice(0, 32)}@${host}`,
    at,
    summary: `${kind} ends: ${name}`,
    description: [whose, client_id && `client ${client_id}`, `${kind} ${id}`, remedy(each)].filter(Boolean).join('\n'),
    remindDays: WARNINGS.filter((days) => at - days * DAY > now).toReversed(),
  };
}
