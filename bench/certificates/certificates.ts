import type { Asked } from '../arguments.ts';
import type { Outcome } from '../report/outcome.ts';
import { table } from '../report/table.ts';
import { type ChainTime, measureChains } from './chain-times.ts';
import { type ListLoading, measureListLoading } from './list-loading.ts';

/** What certificates cost. */
export type CertificateMeasurement = {
  readonly rounds: number;
  readonly tokens: number;
  readonly chains: readonly ChainTime[];
  readonly list: ListLoading;
};

/** Measures chains beside other libraries, and then a revocation list in a server. @param tell hears of the progress. */
export async function measureCertificates(
  { extent: { rounds, tokens }, entries }: Pick<Asked, 'extent' | 'entries'>,
  tell: (line: string) => void,
): Promise<CertificateMeasurement> {
  const chains = await measureChains(rounds, tell);
  return { rounds, tokens, chains, list: await measureListLoading({ entries, tokens, rounds }, tell) };
}

/** The same as what the benchmark reports. */
export async function certificatesOutcome(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const measurement = await measureCertificates(asked, tell);
  const { errors } = measurement.list;
  return {
    lines: certificatesTable(measurement),
    json: certificatesJson(measurement),
    failures: errors === 0 ? [] : [`${errors} requests got no token`],
  };
}

/** The measurement for a person. */
export function certificatesTable({ rounds, tokens, chains, list }: CertificateMeasurement): string[] {
  const { alone, undisturbed, whileLoading, megabytes, loads, errors } = list;
  const milliseconds = (figure: number): string => figure.toFixed(1);
  return [
    `A chain of leaf, issuing CA and root: CPU, medians of ${rounds} rounds`,
    ...table([['VALIDATOR', 'KEYS', 'COLD µs', 'CACHED µs'], ...chains.map(chainRow)]),
    '',
    `A revocation list of ${alone.entries} entries, ${megabytes.toFixed(1)} MiB`,
    `  fetched, verified and read in ${alone.seconds.toFixed(2)} s, ${alone.loadSeconds.toFixed(2)} s of it without the network`,
    `  table that is kept: ${mebibytes(alone.table)} MiB; the process grew by ${mebibytes(alone.grown)} MiB at most`,
    `  the event loop was held up for ${milliseconds(alone.stall)} ms at most, ${milliseconds(alone.turn)} ms of CPU in one turn`,
    '',
    `${tokens} tokens a round on 4 connections, medians of ${rounds} rounds`,
    ...table([
      ['TOKENS', 'P50 ms', 'P99 ms', 'LONGEST ms'],
      ...(
        [
          ['undisturbed', undisturbed],
          [`while loading (${loads} times)`, whileLoading],
        ] as const
      ).map(([name, one]) => [name, ...[one.p50, one.p99, one.longest].map(milliseconds)]),
    ]),
    `${errors} errors`,
  ];
}

/** The same for a program. */
export function certificatesJson({ rounds, tokens, chains, list }: CertificateMeasurement): object {
  const { alone, undisturbed, whileLoading, megabytes, loads, errors } = list;
  const latencies = ({ p50, p99, longest }: typeof undisturbed) => ({ p50_ms: p50, p99_ms: p99, longest_ms: longest });
  return {
    ...{ rounds, tokens },
    chains: chains.map(({ validator, kind, cannot = null, cold = null, cached = null }) => ({
      ...{ validator, keys: kind, cannot, cold_us: cold, cached_us: cached },
    })),
    list: {
      ...{ entries: alone.entries, mebibytes: megabytes, seconds: alone.seconds, load_seconds: alone.loadSeconds },
      ...{ table_bytes: alone.table, grown_bytes: alone.grown, stall_ms: alone.stall, turn_cpu_ms: alone.turn },
    },
    tokens_undisturbed: latencies(undisturbed),
    tokens_while_loading: { ...latencies(whileLoading), loads },
    errors,
  };
}

function chainRow({ validator, kind, cannot, cold, cached }: ChainTime): string[] {
  return [validator, kind, cold?.toFixed(0) ?? cannot ?? '', cached?.toFixed(1) ?? '-'];
}

function mebibytes(octets: number): string {
  return (octets / 2 ** 20).toFixed(0);
}
