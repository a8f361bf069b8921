import { failuresOf } from '../measures/replay.ts';
import type { Extent, Figures, Latency, Measurement } from '../measures/rounds.ts';
import type { Outcome } from './outcome.ts';
import { table } from './table.ts';

const COLUMNS: readonly (readonly [title: string, cell: (figures: Figures) => string])[] = [
  ['TARGET', ({ name }) => name],
  ['TOKENS/S', ({ tokensPerSecond }) => tokensPerSecond.toFixed(0)],
  ['CPU µs/TOKEN', ({ cpuPerToken }) => cpuPerToken.toFixed(0)],
  ['SIGNATURES/TOKEN', ({ signaturesPerToken }) => signaturesPerToken.toFixed(2)],
  ['P50 ms', ({ closed }) => closed.p50.toFixed(1)],
  ['P99 ms', ({ closed }) => closed.p99.toFixed(1)],
  ['OPEN P50 ms', ({ open }) => open?.p50.toFixed(1) ?? '-'],
  ['OPEN P99 ms', ({ open }) => open?.p99.toFixed(1) ?? '-'],
  ['ERRORS', ({ errors }) => `${errors}`],
  ['REPLAY', ({ replay }) => replay],
  ['CLIENT CPU µs', ({ clientCpuPerToken }) => clientCpuPerToken.toFixed(0)],
];

/** What is told beside the figures themselves. */
export type Circumstances = Extent & { readonly workers: number };

/** The figures of all targets with all that they hang on. */
export function tokensOutcome({ signatureCpu, targets }: Measurement, circumstances: Circumstances): Outcome {
  const { rounds, tokens, connections, warmUp, rate, workers } = circumstances;
  const open = rate === undefined ? '' : `, and an open loop of ${rate} requests a second`;
  const columns = COLUMNS.filter(([title]) => rate !== undefined || !title.startsWith('OPEN'));
  return {
    lines: [
      `${workers} ${workers === 1 ? 'worker' : 'workers'} a server, everything durable and audited where the server can`,
      `${rounds} rounds of ${tokens} tokens a target, closed loop of ${connections} connections${open}, medians`,
      `one RSA-2048 signature: ${signatureCpu.toFixed(0)} µs of CPU, so that one core can sign ${(1e6 / signatureCpu).toFixed(0)} tokens a second and do nothing else`,
      '',
      ...table([columns.map(([title]) => title), ...targets.map((figures) => columns.map(([, cell]) => cell(figures)))]),
      ...leftOut(targets),
    ],
    json: {
      ...{ rounds, tokens, connections, warm_up: warmUp, rate: rate ?? null, workers },
      signature_cpu_us: signatureCpu,
      items: targets.map(figuresJson),
    },
    failures: targets.flatMap(failuresOf),
    bars: [
      {
        title: 'Tokens a second',
        digits: 0,
        bars: targets.map(({ name, tokensPerSecond }) => ({ name, figure: tokensPerSecond })),
      },
      {
        title: 'CPU of a token, in RSA-2048 signatures',
        digits: 2,
        bars: targets.map(({ name, signaturesPerToken }) => ({ name, figure: signaturesPerToken })),
      },
    ],
  };
}

function leftOut(targets: readonly Figures[]): string[] {
  const notes = targets.flatMap(({ name, leavesOut }) => (leavesOut === undefined ? [] : `${name} ${leavesOut}`));
  return notes.length === 0 ? [] : ['', ...notes];
}

function figuresJson(figures: Figures): object {
  const { open } = figures;
  return {
    name: figures.name,
    tokens_per_second: figures.tokensPerSecond,
    cpu_us_per_token: figures.cpuPerToken,
    signatures_per_token: figures.signaturesPerToken,
    client_cpu_us_per_token: figures.clientCpuPerToken,
    closed_loop: latencyJson(figures.closed),
    open_loop: open ? latencyJson(open) : null,
    errors: figures.errors,
    replay: figures.replay,
    leaves_out: figures.leavesOut ?? null,
  };
}

/** Milliseconds. */
export function latencyJson({ p50, p99 }: Latency): object {
  return { p50_ms: p50, p99_ms: p99 };
}
