import type { Distribution } from '../core/distribution.ts';
import type { Measures } from '../core/measures.ts';
import type { ListReport } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** One value of a metric and the labels that tell it from the others; a distribution's values each have a name of their own. */
export type ReadingValue = {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  readonly metricName?: string;
};

/** What a metric said in one process at a moment: plain data in the shape that prom-client adds up. */
export type Reading = {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** How the readings of several processes become one. */
  readonly aggregator: 'sum' | 'max' | 'min';
  readonly values: readonly ReadingValue[];
};

/** What a process is read from. */
export type Instruments = {
  readonly measures: Measures;
  /** Seconds that the event loop was late by, at worst, lately. */
  readonly lag: () => number;
  readonly lists: () => readonly ListReport[];
  readonly now: () => EpochSeconds;
};

/** A metric, as it is documented and read. Its labels have the values that code gives them, and no others. `PV-SEC-105` */
export type Metric = Omit<Reading, 'values'> & {
  readonly labels: readonly string[];
  readonly read: (instruments: Instruments) => readonly ReadingValue[];
};

const one = (value: number | undefined): readonly ReadingValue[] => (value === undefined ? [] : [{ labels: {}, value }]);

/** A value for each member, labelled with its name. */
function each(label: string, counts: object): readonly ReadingValue[] {
  return Object.entries(counts).map(([name, value]) => ({ labels: { [label]: name }, value: Number(value) }));
}

/** Classes as Prometheus has them: each holds those below it. */
function spread(name: string, { bounds, counts, sum }: Distribution, labels: Reading['values'][number]['labels'] = {}) {
  let total = 0;
  const buckets = counts.map((count, place) => {
    total += count;
    return { labels: { ...labels, le: `${bounds[place] ?? '+Inf'}` }, value: total, metricName: `${name}_bucket` };
  });
  return [...buckets, { labels, value: sum, metricName: `${name}_sum` }, { labels, value: total, metricName: `${name}_count` }];
}

const counter = (
  name: string,
  help: string,
  read: (measures: Measures) => readonly ReadingValue[],
  labels: readonly string[] = [],
): Metric => ({ name, help, type: 'counter', aggregator: 'sum', labels, read: ({ measures }) => read(measures) });

const gauge = (
  name: string,
  help: string,
  aggregator: Reading['aggregator'],
  read: Metric['read'],
  labels: readonly string[] = [],
): Metric => ({ name, help, type: 'gauge', aggregator, labels, read });

const DURATION = 'portvakt_token_request_seconds';
const COMMIT = 'portvakt_commit_entries';
const COMMIT_SECONDS = 'portvakt_commit_seconds';

/** Everything that a process tells of itself. docs/reference/metrics.md is made from it. */
export const METRICS: readonly Metric[] = [
  counter(
    'portvakt_tokens_issued_total',
    'tokens, by how the client proved who it is (`kid`: registered key, `x5c`: enterprise certificate), and in whose name they are (`self`, `supplier`, `system_user`, `consent`)',
    ({ issued }) =>
      Object.entries(issued).flatMap(([proof, counts]) =>
        each('acting', counts).map(({ labels, value }) => ({ labels: { proof, ...labels }, value })),
      ),
    ['proof', 'acting'],
  ),
  counter(
    'portvakt_refusals_total',
    'refusals and failures at every address, by the code that was answered; `MP-012` is a replay, `PV-500` an error of ours, `PV-502` the store',
    ({ refused }) => each('code', refused),
    ['code'],
  ),
  counter(
    'portvakt_refusals_unproven_total',
    'token requests refused before a signature held, and replays: nobody is proven to have sent them',
    ({ unproven }) => one(unproven),
  ),
  {
    name: DURATION,
    help: 'seconds that token requests took, the body and the commit included, by how they ended: `issued`, `refused`',
    ...{ type: 'histogram', aggregator: 'sum', labels: ['outcome'] },
    read: ({ measures: { seconds } }) => [
      ...spread(DURATION, seconds.issued, { outcome: 'issued' }),
      ...spread(DURATION, seconds.refused, { outcome: 'refused' }),
    ],
  },
  {
    name: COMMIT,
    help: 'entries that share one durable commit: spent assertions, and audit records that belong to no other change',
    ...{ type: 'histogram', aggregator: 'sum', labels: [] },
    read: ({ measures: { store } }) => spread(COMMIT, store.commits.entries),
  },
  {
    name: COMMIT_SECONDS,
    help: 'seconds that these commits took, from when the store was asked until they were durable',
    ...{ type: 'histogram', aggregator: 'sum', labels: [] },
    read: ({ measures: { store } }) => spread(COMMIT_SECONDS, store.commits.seconds),
  },
  counter('portvakt_store_errors_total', 'statements that the store could not carry out: full, read-only, locked, broken', (m) =>
    one(m.store.failures),
  ),
  counter(
    'portvakt_cache_total',
    'look-ups of the token path, by register and whether a copy in memory served: `hit`, `miss`',
    ({ caches }) =>
      Object.entries(caches).flatMap(([register, { hits, misses }]) => [
        { labels: { register, result: 'hit' }, value: hits },
        { labels: { register, result: 'miss' }, value: misses },
      ]),
    ['register', 'result'],
  ),
  counter('portvakt_spent_assertions_removed_total', 'spent assertions that were over and have been removed', (m) =>
    one(m.pruned),
  ),
  gauge('portvakt_purge_lag_seconds', 'time since everything that was over had been removed', 'min', ({ measures, now }) =>
    one(measures.cleared === undefined ? undefined : now() - measures.cleared),
  ),
  gauge('portvakt_event_loop_lag_seconds', 'worst delay of the event loop in the last five seconds', 'max', ({ lag }) =>
    one(lag()),
  ),
  counter(
    'portvakt_explanations_total',
    'explanations of refused token requests, by outcome: `kept`; `busy`, not worked out because there were too many; `failed`, the store did not take them',
    ({ explanations }) => each('outcome', explanations),
    ['outcome'],
  ),
  counter('portvakt_clock_jumps_total', 'jumps of the wall clock by more than 30 seconds', (m) => one(m.clockJumps)),
  gauge(
    'portvakt_revocation_lists',
    'revocation lists, by state: `fresh`, `ended`, `missing`',
    'max',
    ({ lists, now }) => each('state', listStates(lists(), now())),
    ['state'],
  ),
  gauge(
    'portvakt_revocation_list_age_seconds',
    'time since the revocation list that was fetched longest ago was fetched',
    'max',
    ({ lists, now }) => one(furthest(lists().map(({ fetched }) => fetched && now() - fetched))),
  ),
  gauge(
    'portvakt_revocation_list_next_update_seconds',
    'time until the first revocation list ends; below nought when one has ended',
    'min',
    ({ lists, now }) => one(negated(furthest(lists().map(({ nextUpdate }) => nextUpdate && now() - nextUpdate)))),
  ),
  counter(
    'portvakt_revocation_refreshes_total',
    'tries to fetch or read a revocation list, by outcome: `renewed`, `failed`',
    ({ refreshes }) => each('outcome', refreshes),
    ['outcome'],
  ),
  gauge(
    'portvakt_signing_key_age_seconds',
    'age of the key that signs tokens; where there is one for each algorithm, of the oldest',
    'max',
    ({ measures, now }) => one(measures.signingSince === undefined ? undefined : now() - measures.signingSince),
  ),
  gauge(
    'portvakt_tls_certificate_end_seconds',
    'time until the TLS certificate ends that this process shows; below nought when it has ended; absent without `tls`',
    'min',
    ({ measures, now }) => one(measures.tlsEnds === undefined ? undefined : measures.tlsEnds - now()),
  ),
  gauge(
    'portvakt_ending',
    'what ends soon, by kind (`key`, `certificate`, `delegation`, `anchor`, `intermediate`) and days (`1`, `7`, `30`, `90`; what ends within 7 ends within 30, too), counted every hour',
    'max',
    ({ measures: { endings = {} } }) =>
      Object.entries(endings).flatMap(([kind, counts]) =>
        each('within', counts).map(({ labels, value }) => ({ labels: { kind, ...labels }, value })),
      ),
    ['kind', 'within'],
  ),
  counter('portvakt_log_lines_total', 'lines of the log, by level', ({ logged }) => each('level', logged), ['level']),
  counter('process_cpu_seconds_total', 'processor time of all workers', () => one(processorSeconds())),
  gauge('process_resident_memory_bytes', 'memory of all workers', 'sum', () => one(process.memoryUsage.rss())),
];

/** What the process tells of itself at this moment. */
export function takeReadings(instruments: Instruments): readonly Reading[] {
  return METRICS.map(({ read, labels: _, ...metric }) => ({ ...metric, values: read(instruments) }));
}

/** What the process knows that watches over the workers. */
export type Primary = { readonly workers: number; readonly restarts: number };

/** What that process tells besides. docs/reference/metrics.md is made from it, too. */
export const PRIMARY_METRICS: readonly (Omit<Metric, 'read'> & { readonly read: (primary: Primary) => number })[] = [
  {
    ...{ name: 'portvakt_workers', help: 'workers that serve', type: 'gauge', aggregator: 'sum', labels: [] },
    read: ({ workers }) => workers,
  },
  {
    ...{
      name: 'portvakt_worker_restarts_total',
      help: 'workers that died and were replaced',
      type: 'counter',
      aggregator: 'sum',
    },
    labels: [],
    read: ({ restarts }) => restarts,
  },
];

/** What the process that watches over the workers tells at this moment. */
export function primaryReadings(primary: Primary): readonly Reading[] {
  return PRIMARY_METRICS.map(({ read, labels: _, ...metric }) => ({ ...metric, values: one(read(primary)) }));
}

function listStates(lists: readonly ListReport[], now: EpochSeconds): object {
  const missing = lists.filter(({ nextUpdate }) => nextUpdate === undefined).length;
  const ended = lists.filter(({ nextUpdate }) => nextUpdate !== undefined && nextUpdate <= now).length;
  return { fresh: lists.length - missing - ended, ended, missing };
}

function furthest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.max(...known);
}

function negated(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
