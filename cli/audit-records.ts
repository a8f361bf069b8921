import { type Command, InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { EpochSeconds } from '../server/core/time.ts';
import { type Address, withQuery } from './api-client.ts';
import { relative, seconds } from './moment.ts';
import type { View } from './output.ts';

/** Opens the audit. own-api */
export const READ_AUDIT = ['portvakt:audit.read'] as const;

/** A record of the audit as the API shows it. own-api */
export const auditRecord = z.looseObject({
  sequence: z.number(),
  at: z.string(),
  type: z.string(),
  actor: z.looseObject({ orgno: z.string().exactOptional(), client_id: z.string().exactOptional() }),
  subject: z.string().exactOptional(),
  details: z.record(z.string(), z.unknown()),
  correlation_id: z.string(),
  hash: z.string(),
});
export type AuditRecord = z.infer<typeof auditRecord>;

/** The flags that say which records are meant. */
export type FilterOptions = {
  readonly from?: string;
  readonly to?: string;
  readonly type?: string;
  readonly subject?: string;
  readonly changes?: true;
};

/** Adds the flags of {@link FilterOptions}. */
export function filterOptions(command: Command): Command {
  const options = [
    new Option('--from <when>', 'the first moment, an ISO date or time in UTC').argParser(moment),
    new Option('--to <when>', 'the moment after the last').argParser(moment),
    new Option('--type <type>', 'such as client.changed or token.refused'),
    new Option('--subject <subject>', 'what was changed, such as client/ID or scope/NAME'),
    new Option('--changes', 'everything but tokens and their refusals, much quicker than looking through those'),
  ];
  for (const option of options) command.addOption(option.helpGroup('Which records:'));
  return command;
}

/** Where the records are that are meant. */
export function addressOf({ from, to, type, subject, changes }: FilterOptions): Address {
  return withQuery('/audit', { from, to, type, subject, ...(changes && { kind: 'changes' }) });
}

/** An ISO date or time as the API reads it. @throws {InvalidArgumentError} */
export function moment(text: string): string {
  const time = /^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9:.]+(?:Z|[+-][0-9]{2}:[0-9]{2})?)?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(time))
    throw new InvalidArgumentError('It is a date such as 2026-11-29, or with a time: 2026-11-29T12:00:00Z.');
  return new Date(time).toISOString();
}

/** Records as a person reads them. */
export function auditView(at: { readonly now: EpochSeconds; readonly utc: boolean }): View<AuditRecord> {
  return {
    fields: [
      { name: 'sequence' },
      { name: 'at', text: (record) => relative(seconds(record.at), at) },
      { name: 'type' },
      { name: 'actor', text: ({ actor }) => [actor.orgno, actor.client_id].filter(Boolean).join(' ') },
      { name: 'subject' },
      { name: 'details', text: ({ details }) => briefly(details) },
      { name: 'correlation_id', wide: true },
      { name: 'hash', wide: true },
    ],
    name: ({ sequence }) => `audit/${sequence}`,
  };
}

/** The plain members alone: a table's cell is one line. */
function briefly(details: AuditRecord['details']): string {
  const plain = Object.entries(details).filter(([, value]) => typeof value !== 'object' || Array.isArray(value));
  return plain.map(([name, value]) => `${name}=${Array.isArray(value) ? value.join(' ') : value}`).join(' ');
}
