import { z } from 'zod';
import { type Month, monthName, readMonth } from '../../server/core/month.ts';
import { type ApiClient, withQuery } from '../api-client.ts';
import { readAll, readPages } from '../api-list.ts';
import { auditRecord, READ_AUDIT } from '../audit-records.ts';
import { readEndings } from '../endings.ts';
import { Failure } from '../failure.ts';
import { namesOf } from '../find-suppliers.ts';
import { stretchOf } from '../month-option.ts';
import {
  keyOf,
  READ_STATISTICS,
  readinessRow,
  refusalsOf,
  type StatisticMonth,
  type StatisticRow,
  statistic,
  statisticMonth,
} from '../statistic-shapes.ts';
import type { Figure, Gap, Gathered, Readable, Usage } from './gathered.ts';
import { TOP, topOf } from './ranking.ts';

/** Years that stand beside each other. */
const YEARS = 3;

/** Changes that are read at most, and days in which what ends is told of. */
const CHANGES = 1_000;
export const DAYS_AHEAD = 90;

/** What has become of a month, and whose figures of it are shown. @throws {Failure} */
export async function standingOf(api: ApiClient, month: Month): Promise<StatisticMonth> {
  const name = monthName(month);
  const address = withQuery('/statistics/months', { from: name, to: name });
  const [standing] = (await api.get(address, z.array(statisticMonth), READ_STATISTICS)).object;
  if (!standing) throw new Failure('unexpected', `the server says nothing of ${name}`);
  return standing;
}

/** Reads all that a report tells, with ordinary tokens. What the client may not read is named in place of it. @throws {Failure} */
export async function gather(api: ApiClient, month: Month, standing: StatisticMonth): Promise<Gathered> {
  const whose = standing.covers === 'everybody' ? (['everybody'] as const) : (['scopes', 'own'] as const);
  const usages: Usage[] = [];
  for (const each of whose) usages.push(await usageOf(api, month, each));
  const changes = await unlessForbidden(READ_AUDIT[0], () => changesOf(api, month));
  const endings = await unlessForbidden('idporten:dcr.read', () => readEndings(api, DAYS_AHEAD));
  const { now } = await api.moment();
  const year = Math.floor(month / 12) * 12;
  return {
    ...{ month, standing, server: api.server, now, usages, changes, endings },
    readiness: { months: await readinessOf(api, 'month', [year, month]), days: await readinessOf(api, 'day', [month, month]) },
    names: await namesOf(api, named({ usages, changes, endings })),
  };
}

async function usageOf(api: ApiClient, month: Month, whose: Usage['whose']): Promise<Usage> {
  const years = [Math.max(0, Math.floor(month / 12) * 12 - 12 * (YEARS - 1)), month] as const;
  const read = async (by: string, months: readonly [Month, Month]) => {
    const of = whose === 'scopes' ? 'scopes' : 'own';
    const address = withQuery('/statistics/tokens', { by, of, per: 'month', ...stretchOf(...months) });
    return readAll(api, address, { shape: statistic, scopes: READ_STATISTICS });
  };
  const codes = await read('code', years);
  return {
    whose,
    codes: figuresOf(codes),
    scopes: figuresOf(await read('scope', years)),
    consumers: figuresOf(await read('consumer', [month, month])),
    suppliers: figuresOf(await read('supplier', [month, month])),
    gaps: codes.flatMap(({ period, reason }): Gap[] => (reason === undefined ? [] : [{ period, reason }])),
  };
}

function figuresOf(rows: readonly StatisticRow[]): readonly Figure[] {
  return rows.flatMap((row) => {
    const month = readMonth(row.period);
    if (month === undefined || row.reason !== undefined) return [];
    return [{ month, key: keyOf(row), tokens: row.tokens ?? 0, refusals: refusalsOf(row) }];
  });
}

async function readinessOf(api: ApiClient, per: 'day' | 'month', months: readonly [Month, Month]) {
  return readAll(api, withQuery('/statistics/readiness', { per, ...stretchOf(...months) }), {
    shape: readinessRow,
    scopes: READ_STATISTICS,
  });
}

async function changesOf(api: ApiClient, month: Month) {
  const address = withQuery('/audit', { kind: 'changes', ...stretchOf(month) });
  const { items, next } = await readPages(api, address, {
    ...{ shape: auditRecord, scopes: READ_AUDIT },
    part: { limit: CHANGES },
  });
  return { records: items, isCut: next !== null };
}

async function unlessForbidden<T>(scope: string, read: () => Promise<T>): Promise<Readable<T>> {
  try {
    return { found: await read() };
  } catch (error) {
    if (error instanceof Failure && error.exit === 'forbidden') return { takes: scope };
    throw error;
  }
}

/** Numbers of organisations that the report shows. */
function named({ usages, changes, endings }: Pick<Gathered, 'usages' | 'changes' | 'endings'>): readonly string[] {
  const parties = usages.flatMap(({ consumers, suppliers }) => [...topOf(consumers, TOP), ...topOf(suppliers, TOP)]);
  const actors = 'found' in changes ? changes.found.records.map(({ actor }) => actor.orgno) : [];
  const holders = 'found' in endings ? endings.found.map(({ orgno }) => orgno) : [];
  return [...parties.map(({ key }) => key), ...actors, ...holders].filter(
    (orgno) => orgno !== undefined && orgno !== '',
  ) as string[];
}
