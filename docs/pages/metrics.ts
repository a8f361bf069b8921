import { METRICS, PRIMARY_METRICS } from '../../server/telemetry/readings.ts';

/** docs/reference/metrics.md: every metric, from the table that they are read by. */
export function metricsPage(): string {
  const rows = [...METRICS, ...PRIMARY_METRICS].map(
    ({ name, type, labels, help }) =>
      `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${sentence(help)} |\n`,
  );
  return `${INTRODUCTION}\n| Metric | Type | Labels | Meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

const INTRODUCTION = `# Metrics

*Made from \`server/telemetry/readings.ts\` by \`npm run docs\`.*

\`/metrics\` of [\`operations.listen\`](config.md#operations) answers in the text format of Prometheus. Counters and histograms are summed over all
workers, those that are gone included; of a worker that was killed, what it had counted since the last look is lost. Of gauges that every
worker has, the worst counts. Labels have the values that this page names, every code of [errors](errors.md) and the registers that are kept in memory;
nothing that a client sends becomes one.
`;

/** The meaning as a sentence: a capital in front, a full stop behind. */
function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
