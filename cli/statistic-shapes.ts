import { z } from 'zod';

/** Opens the statistics. own-api */
export const READ_STATISTICS = ['portvakt:statistics.read'] as const;

/** Figures of one thing in one period, or a gap, as the API shows them. own-api */
export const statistic = z.looseObject({
  period: z.string(),
  tokens: z.number().exactOptional(),
  refusals: z.record(z.string(), z.number()).exactOptional(),
  sealed: z.boolean().exactOptional(),
  reason: z.string().exactOptional(),
});

export type StatisticRow = z.infer<typeof statistic>;

const KEYS = ['scope', 'consumer_orgno', 'supplier_orgno', 'client_id', 'code'] as const;

/** What the row is about: whichever of the keys was asked for. */
export function keyOf(row: StatisticRow): string {
  const key = KEYS.map((name) => row[name]).find((value) => typeof value === 'string');
  return String(key ?? '');
}

/** How many refusals there were, whatever for. */
export function refusalsOf({ refusals = {} }: StatisticRow): number {
  return Object.values(refusals).reduce((before, count) => before + count, 0);
}

/** A month as the API shows it. own-api */
export const statisticMonth = z.looseObject({
  month: z.string(),
  state: z.string(),
  covers: z.string(),
  gap: z.boolean().exactOptional(),
  sealed: z.string().exactOptional(),
  tokens: z.number().exactOptional(),
  refusals: z.number().exactOptional(),
  digest: z.string().exactOptional(),
});
export type StatisticMonth = z.infer<typeof statisticMonth>;

/** Minutes of a period by how the server was found. own-api */
export const readinessRow = z.looseObject({
  period: z.string(),
  ready: z.number(),
  disturbed: z.number(),
  not_ready: z.number(),
  unknown: z.number(),
});
export type ReadinessRow = z.infer<typeof readinessRow>;
