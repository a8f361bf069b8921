import type { Figures, Measurement } from '../measures/rounds.ts';
import type { Outcome } from './outcome.ts';
import { table } from './table.ts';
import { type Circumstances, tokensOutcome } from './tokens.ts';

/** Octets of a store's files that a token has added to them. */
export type Kept = { readonly name: string; readonly perToken: number };

/** What is told beside the figures themselves. */
export type NodesCircumstances = Circumstances & {
  readonly nodes: number;
  /** Of each of them. */
  readonly workersEach: number;
  readonly kept: readonly Kept[];
};

/** The figures of nodes on a file and on PostgreSQL, with what each token is to the store. */
export function nodesOutcome(
  measurement: Measurement,
  { nodes, workersEach, kept, ...circumstances }: NodesCircumstances,
): Outcome {
  const { signatureCpu, targets } = measurement;
  const outcome = tokensOutcome(measurement, circumstances);
  const keptOf = ({ name }: Figures): number => kept.find((one) => one.name === name)?.perToken ?? 0;
  return {
    ...outcome,
    lines: [
      `${circumstances.workers} workers where there is one node, ${workersEach} on each of ${nodes}; PostgreSQL runs on the same machine, over a Unix socket`,
      ...outcome.lines.slice(1),
      '',
      ...table([
        ['STORE', 'CPU µs/TOKEN', 'WITH THE NODES, SIGNATURES', 'STATEMENTS', 'LOG OCTETS', 'KEPT OCTETS'],
        ...targets.map((figures) => [
          figures.name,
          figures.store?.cpu.toFixed(0) ?? '-',
          ((figures.cpuPerToken + (figures.store?.cpu ?? 0)) / signatureCpu).toFixed(2),
          figures.store?.statements.toFixed(3) ?? '-',
          figures.store?.log.toFixed(0) ?? '-',
          keptOf(figures).toFixed(0),
        ]),
      ]),
      'for each token: CPU of the database’s own processes, statements that it was sent (a round trip each), octets of its',
      'write-ahead log, and octets that its files have grown by',
    ],
    json: {
      ...outcome.json,
      nodes,
      workers_each: workersEach,
      stores: targets.map((figures) => storeJson(figures, keptOf(figures))),
    },
  };
}

function storeJson({ name, store }: Figures, kept: number): object {
  return {
    name,
    cpu_us_per_token: store?.cpu ?? null,
    statements_per_token: store?.statements ?? null,
    log_bytes_per_token: store?.log ?? null,
    kept_bytes_per_token: kept,
  };
}
