import type { FaultCode } from '../../server/core/catalogue.ts';
import { METRICS, type Metric, PRIMARY_METRICS } from '../../server/telemetry/readings.ts';

/** docs/examples/grafana-dashboard.json: every metric of the table that docs/reference/metrics.md is made from. */
export function dashboard(): string {
  const all = [...rows(), ...rest()];
  const panels = all.flatMap(({ title, charts }, place) => {
    const top = all.slice(0, place).reduce((sum, row) => sum + 1 + Math.ceil(row.charts.length / A_LINE) * HEIGHT, 0);
    const heading = { type: 'row', title, collapsed: false, gridPos: { x: 0, y: top, w: WIDTH * A_LINE, h: 1 }, panels: [] };
    return [heading, ...charts.map((chart, column) => panel(chart, column, top + 1))];
  });
  return `${JSON.stringify({ ...FRAME, panels: panels.map((each, place) => ({ id: place + 1, ...each })) }, null, 2)}\n`;
}

/** What one metric says, as a line or several. */
type Line = { readonly expr: string; readonly legend: string; readonly of: Described };
type Chart = { readonly title: string; readonly unit: Unit; readonly lines: readonly Line[] };
type Unit = 'ops' | 's' | 'short' | 'bytes' | 'percentunit';
type Described = Pick<Metric, 'name' | 'help' | 'type' | 'labels'>;
type Which = { readonly by?: readonly string[]; readonly only?: Readonly<Record<string, string>>; readonly legend?: string };

/** As long as Grafana finds right for the time that is shown. */
const RATE = '[$__rate_interval]';

/** In the grid of 24 columns. */
const WIDTH = 8;
const HEIGHT = 8;
const A_LINE = 3;

const LISTED: readonly Described[] = [...METRICS, ...PRIMARY_METRICS];

/** Codes, as the one label of refusals matches them. */
const codes = (...each: readonly FaultCode[]): Which => ({ by: ['code'], only: { code: each.join('|') } });

type Row = { readonly title: string; readonly charts: readonly Chart[] };

const rows = (): readonly Row[] => [
  {
    title: 'Tokens',
    charts: [
      chart('Tokens a second', 'ops', rate('portvakt_tokens_issued_total', { by: ['proof', 'acting'] })),
      chart('Refusals a second, by code', 'ops', rate('portvakt_refusals_total', { by: ['code'] })),
      chart(
        'How long a token took',
        's',
        ...quantiles('portvakt_token_request_seconds', { only: { outcome: 'issued' }, legend: 'issued' }),
      ),
      chart(
        'How long a refusal took',
        's',
        ...quantiles('portvakt_token_request_seconds', { only: { outcome: 'refused' }, legend: 'refused' }),
      ),
      chart('Replays a second', 'ops', rate('portvakt_refusals_total', codes('MP-012'))),
      chart('Limits: refused for being too much', 'ops', rate('portvakt_refusals_total', codes('PV-401', 'PV-402'))),
    ],
  },
  {
    title: 'Server',
    charts: [
      chart(
        'Readiness: workers, and the codes by which it is not ready',
        'short',
        now('portvakt_workers'),
        rate('portvakt_refusals_total', codes('PV-503', 'PV-504', 'PV-505')),
      ),
      chart('Errors of ours, a second', 'ops', rate('portvakt_refusals_total', codes('PV-500', 'PV-501', 'PV-502'))),
      chart(
        'Workers that were replaced, jumps of the clock',
        'short',
        rise('portvakt_worker_restarts_total'),
        rise('portvakt_clock_jumps_total'),
      ),
      chart('Event loop: worst delay', 's', now('portvakt_event_loop_lag_seconds')),
      chart('Processor', 'short', rate('process_cpu_seconds_total', { legend: 'cores' })),
      chart('Memory', 'bytes', now('process_resident_memory_bytes')),
      chart('Lines of the log a second', 'ops', rate('portvakt_log_lines_total', { by: ['level'] })),
    ],
  },
  {
    title: 'Store and audit',
    charts: [
      chart('How long a commit took', 's', ...quantiles('portvakt_commit_seconds')),
      chart('Entries that share a commit', 'short', ...quantiles('portvakt_commit_entries')),
      chart('Audit: entries committed a second', 'ops', total('portvakt_commit_entries')),
      chart('Audit: counted without a record of their own', 'ops', rate('portvakt_refusals_unproven_total')),
      chart('Errors of the store', 'short', rise('portvakt_store_errors_total')),
      chart('Look-ups that a copy in memory served', 'percentunit', share('portvakt_cache_total', 'register', { result: 'hit' })),
      chart('Spent assertions removed a second', 'ops', rate('portvakt_spent_assertions_removed_total')),
      chart('Since all that was over had been removed', 's', now('portvakt_purge_lag_seconds')),
    ],
  },
  {
    title: 'What ends',
    charts: [
      chart('Endings: keys, certificates, delegations, authorities', 'short', now('portvakt_ending', { by: ['kind', 'within'] })),
      chart('Age of the signing key', 's', now('portvakt_signing_key_age_seconds')),
      chart('Time until the TLS certificate ends', 's', now('portvakt_tls_certificate_end_seconds')),
      chart('Revocation lists, by state', 'short', now('portvakt_revocation_lists', { by: ['state'] })),
      chart(
        'Age of revocation lists, and time until the first ends',
        's',
        now('portvakt_revocation_list_age_seconds', { legend: 'age' }),
        now('portvakt_revocation_list_next_update_seconds', { legend: 'ends' }),
      ),
      chart('Revocation lists fetched or read', 'short', rise('portvakt_revocation_refreshes_total', { by: ['outcome'] })),
    ],
  },
];

/** What stands in none of the charts above has one as its type wants it. */
function rest(): readonly Row[] {
  const shown = new Set(rows().flatMap(({ charts }) => charts.flatMap(({ lines }) => lines.map(({ of }) => of.name))));
  const charts = LISTED.filter(({ name }) => !shown.has(name)).map(({ name, type, labels: by }) => {
    if (type === 'histogram') return chart(name, 'short', ...quantiles(name));
    return type === 'counter' ? chart(name, 'ops', rate(name, { by })) : chart(name, 'short', now(name, { by }));
  });
  return charts.length === 0 ? [] : [{ title: 'More', charts }];
}

function chart(title: string, unit: Unit, ...lines: readonly Line[]): Chart {
  return { title, unit, lines };
}

/** @throws {Error} for a metric or a label that is not in the table. */
function described(name: string, { by = [], only = {} }: Which): Described {
  const found = LISTED.find((metric) => metric.name === name);
  const unknown = found && [...by, ...Object.keys(only)].find((label) => !found.labels.includes(label));
  if (!found || unknown !== undefined)
    throw new Error(`there is no metric ${name}${unknown === undefined ? '' : `, ${unknown}`}`);
  return found;
}

function series(name: string, { only = {} }: Which): string {
  const labels = Object.entries(only).map(([label, value]) => `, ${label}=~"${value}"`);
  return `${name}{job=~"$job"${labels.join('')}}`;
}

function line(name: string, which: Which, expr: string): Line {
  const { by = [], legend } = which;
  return { expr, legend: legend ?? (by.map((label) => `{{${label}}}`).join(' ') || name), of: described(name, which) };
}

function grouped(by: readonly string[] = []): string {
  return by.length > 0 ? ` by (${by.join(', ')})` : '';
}

function rate(name: string, which: Which = {}): Line {
  return line(name, which, `sum${grouped(which.by)} (rate(${series(name, which)}${RATE}))`);
}

function rise(name: string, which: Which = {}): Line {
  return line(name, which, `sum${grouped(which.by)} (increase(${series(name, which)}${RATE}))`);
}

function now(name: string, which: Which = {}): Line {
  if (which.by) return line(name, which, `max${grouped(which.by)} (${series(name, which)})`);
  return line(name, { ...which, legend: `${which.legend ?? name} {{instance}}` }, series(name, which));
}

/** What a histogram has added up. */
function total(name: string): Line {
  return line(name, {}, `sum (rate(${series(`${name}_sum`, {})}${RATE}))`);
}

function share(name: string, by: string, only: Readonly<Record<string, string>>): Line {
  const all = `sum by (${by}) (rate(${series(name, {})}${RATE}))`;
  return line(name, { by: [by], only }, `sum by (${by}) (rate(${series(name, { only })}${RATE})) / ${all}`);
}

function quantiles(name: string, which: Which = {}): readonly Line[] {
  const buckets = `sum by (le) (rate(${series(`${name}_bucket`, which)}${RATE}))`;
  return [0.5, 0.9, 0.99].map((quantile) =>
    line(name, { ...which, legend: `p${quantile * 100}` }, `histogram_quantile(${quantile}, ${buckets})`),
  );
}

function panel({ title, unit, lines }: Chart, column: number, top: number): object {
  const told = new Set(lines.map(({ of: { name, help } }) => `${name}: ${help}`));
  const y = top + Math.floor(column / A_LINE) * HEIGHT;
  return {
    type: 'timeseries',
    title,
    description: [...told].join('\n\n'),
    datasource: SOURCE,
    gridPos: { x: (column % A_LINE) * WIDTH, y, w: WIDTH, h: HEIGHT },
    fieldConfig: { defaults: { unit, custom: { fillOpacity: 10, showPoints: 'never' } }, overrides: [] },
    options: { legend: { displayMode: 'list', placement: 'bottom', showLegend: true }, tooltip: { mode: 'multi', sort: 'desc' } },
    targets: lines.map(({ expr, legend }, place) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + place),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

/** Which Prometheus is asked is chosen on the dashboard. */
const SOURCE = { type: 'prometheus', uid: '$datasource' };

const FRAME = {
  uid: 'portvakt',
  title: 'Portvakt',
  description: 'Made from server/telemetry/readings.ts by npm run docs',
  tags: ['portvakt'],
  schemaVersion: 39,
  version: 1,
  editable: true,
  timezone: 'browser',
  time: { from: 'now-6h', to: 'now' },
  refresh: '30s',
  templating: {
    list: [
      { type: 'datasource', name: 'datasource', label: 'Prometheus', query: 'prometheus', hide: 0 },
      {
        ...{ type: 'query', name: 'job', label: 'Job', datasource: SOURCE, hide: 0, refresh: 2 },
        ...{ query: 'label_values(portvakt_workers, job)', multi: true, includeAll: true, sort: 1 },
        current: { selected: true, text: 'All', value: '$__all' },
      },
    ],
  },
  annotations: { list: [] },
};
