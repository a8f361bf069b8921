import Database from 'better-sqlite3';
import type { ChainedRecord } from '../../server/core/audit.ts';
import { monthName, monthOf } from '../../server/core/month.ts';
import { HOUR } from '../../server/core/time.ts';
import { openStorage } from '../../server/storage/open.ts';

/** How often there was each kind, by its name. */
type Counts = Map<string, number>;

/**
 * Counts the audit anew, by rules written apart from those that are tried, and holds the store's counters to it, those by the hour and those
 * by the month. A server may run on it meanwhile, as long as nobody asks for tokens.
 * @returns how much was counted, and what differs, a sentence each
 */
export async function compareCounters(
  database: string,
): Promise<{ readonly counted: number; readonly flaws: readonly string[] }> {
  const storage = await openStorage(database);
  const hours: Counts = new Map();
  const months: Counts = new Map();
  let counted = 0;
  try {
    while (await storage.statistics.fold());
    const { sequence } = await storage.audit.end();
    for await (const line of storage.audit.lines(sequence)) {
      if (!('type' in line)) continue;
      for (const [kind, count] of kindsOf(line)) {
        raise(hours, JSON.stringify([line.at - (line.at % HOUR), ...kind]), count);
        raise(months, JSON.stringify([monthName(monthOf(line.at)), ...kind]), count);
        if (kind[0] === '') counted += count;
      }
    }
  } finally {
    await storage.close();
  }
  const kept = read(database);
  return { counted, flaws: [...differences('hour', hours, kept.hours), ...differences('month', months, kept.months)] };
}

/** Scope, consumer, supplier, client and code, each with how often. */
type Kind = readonly [kind: readonly string[], count: number];

function kindsOf({ type, client_id = '', orgno = '', details }: ChainedRecord): readonly Kind[] {
  const said = details as Readonly<Record<string, unknown>>;
  if (type === 'token.refused_unproven')
    return Object.entries(said.refusals as Record<string, number>).map(([code, count]): Kind => [['', '', '', '', code], count]);
  if (type !== 'token.issuing' && type !== 'token.refused') return [];
  const [consumer, supplier, code] = [said.consumer_orgno ?? orgno, said.supplier_orgno ?? '', said.code ?? ''].map(String);
  const scopes = (said.scopes ?? []) as readonly string[];
  return ['', ...scopes].map((scope): Kind => [[scope, consumer ?? '', supplier ?? '', client_id, code ?? ''], 1]);
}

function raise(counts: Counts, name: string, by: number): void {
  counts.set(name, (counts.get(name) ?? 0) + by);
}

type Row = Readonly<Record<string, string | number>>;

function read(database: string): { readonly hours: Counts; readonly months: Counts } {
  const connection = new Database(database, { readonly: true, fileMustExist: true });
  const rows = (table: string): readonly Row[] => connection.prepare(`SELECT * FROM ${table}`).all() as Row[];
  const named = (row: Row, at: string | number): [string, number] => [
    JSON.stringify([at, row.scope, row.consumer_orgno, row.supplier_orgno, row.client_id, row.code]),
    Number(row.count),
  ];
  try {
    return {
      hours: new Map(rows('statistics').map((row) => named(row, Number(row.hour)))),
      months: new Map(rows('statistics_by_month').map((row) => named(row, monthName(monthOf(Number(row.hour)))))),
    };
  } finally {
    connection.close();
  }
}

function differences(period: string, audit: Counts, counters: Counts): readonly string[] {
  return [...new Set([...audit.keys(), ...counters.keys()])].flatMap((name) => {
    const [there, here] = [audit.get(name) ?? 0, counters.get(name) ?? 0];
    return there === here ? [] : [`by the ${period}, ${name}: ${there} in the audit, ${here} counted`];
  });
}
