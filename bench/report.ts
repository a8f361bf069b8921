import { availableParallelism, cpus } from 'node:os';
import type { Extent, Figures, Measurement } from './rounds.ts';

const COLUMNS: readonly (readonly [title: string, cell: (figures: Figures) => string])[] = [
  ['TARGET', ({ name }) => name],
  ['TOKENS/S', ({ tokensPerSecond }) => tokensPerSecond.toFixed(0)],
  ['CPU µs/TOKEN', ({ cpuPerToken }) => cpuPerToken.toFixed(0)],
  ['SIGNATURES/TOKEN', ({ signaturesPerToken }) => signaturesPerToken.toFixed(2)],
  ['P50 ms', ({ p50 }) => p50.toFixed(1)],
  ['P99 ms', ({ p99 }) => p99.toFixed(1)],
  ['ERRORS', ({ errors }) => `${errors}`],
  ['REPLAY', ({ replay }) => replay],
  ['CLIENT CPU µs', ({ clientCpuPerToken }) => clientCpuPerToken.toFixed(0)],
];

/** The measurement for a person, with all that its figures hang on. */
export function reportTable(
  { signatureCpu, targets }: Measurement,
  { rounds, tokens, connections, delegations }: Extent,
): string {
  const { cpu, cores, node, platform } = machine();
  return [
    `${cpu}, ${cores} cores, Node ${node}, ${platform}`,
    `${rounds} rounds of ${tokens} tokens a target, closed loop of ${connections} connections, medians`,
    `${delegations} delegations in the register`,
    `one RSA-2048 signature: ${signatureCpu.toFixed(0)} µs of CPU`,
    '',
    ...table([COLUMNS.map(([title]) => title), ...targets.map((figures) => COLUMNS.map(([, cell]) => cell(figures)))]),
    '',
  ].join('\n');
}

/** The same for a program. */
export function reportJson(
  { signatureCpu, targets }: Measurement,
  { rounds, tokens, connections, warmUp, delegations }: Extent,
): string {
  const report = {
    machine: machine(),
    ...{ rounds, tokens, connections, warm_up: warmUp, delegations },
    signature_cpu_us: signatureCpu,
    items: targets.map((figures) => ({
      name: figures.name,
      tokens_per_second: figures.tokensPerSecond,
      cpu_us_per_token: figures.cpuPerToken,
      signatures_per_token: figures.signaturesPerToken,
      client_cpu_us_per_token: figures.clientCpuPerToken,
      p50_ms: figures.p50,
      p99_ms: figures.p99,
      errors: figures.errors,
      replay: figures.replay,
    })),
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** What makes the figures worthless, a sentence each: requests without a token, a replay that got something else than MP-012. */
export function failures({ targets }: Measurement): string[] {
  return targets.flatMap(({ name, errors, firstError, replay }) => [
    ...(errors === 0 ? [] : [`${name}: ${errors} requests got no token, the first: ${firstError}`]),
    ...(replay === 'MP-012' ? [] : [`${name}: a replay was answered with ${replay}, not MP-012`]),
  ]);
}

/** What the figures were measured on. */
export function machine(): { cpu: string; cores: number; node: string; platform: string } {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  return { cpu, cores: availableParallelism(), node: process.versions.node, platform: `${process.platform} ${process.arch}` };
}

/** The first column to the left, figures to the right. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const pad = (cell: string, column: number): string =>
    column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column));
  return rows.map((row) => row.map(pad).join('  '));
}
