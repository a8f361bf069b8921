import t from 'tap';
import { dashboard } from '../../docs/pages/dashboard.ts';
import { catalogue } from '../../server/core/catalogue.ts';
import { METRICS, PRIMARY_METRICS } from '../../server/telemetry/readings.ts';

type Place = { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
type Target = { readonly refId: string; readonly expr: string; readonly legendFormat: string };
type Panel = {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Place;
  readonly targets?: readonly Target[];
};

const listed = [...METRICS, ...PRIMARY_METRICS];
const { panels, ...frame }: { panels: readonly Panel[]; [name: string]: unknown } = JSON.parse(dashboard());
const targets = panels.flatMap(({ targets = [] }) => targets);

/** Each series of a query: the metric's name, the part of a histogram, and the labels it is chosen by. */
function seriesIn(expr: string): readonly { name: string; part: string | undefined; labels: readonly string[] }[] {
  return [...expr.matchAll(/\b((?:portvakt|process)_\w+?)(_bucket|_sum|_count)?\{([^}]*)\}/g)].map(
    ([, name = '', part, chosen = '']) => ({
      name,
      part,
      labels: [...chosen.matchAll(/(\w+)=/g)].map(([, label = '']) => label),
    }),
  );
}

t.test('every metric of the list is on the dashboard', async (t) => {
  const shown = new Set(targets.flatMap(({ expr }) => seriesIn(expr).map(({ name }) => name)));
  t.same(
    listed.map(({ name }) => name).filter((name) => !shown.has(name)),
    [],
  );
});

t.test('every query asks for metrics and labels that there are, and a counter for its rate', async (t) => {
  for (const { expr } of targets) {
    const series = seriesIn(expr);
    t.ok(series.length > 0, expr);
    const words = expr.replace(/"[^"]*"/g, '').match(/\b(?:portvakt|process)_\w+/g) ?? [];
    t.equal(words.length, series.length, `${expr}: every name has been read`);
    for (const { name, part, labels } of series) {
      const metric = listed.find((each) => each.name === name);
      t.ok(metric, `${name} is in the list`);
      t.equal(part !== undefined, metric?.type === 'histogram', expr);
      t.equal(/(?:rate|increase)\(/.test(expr), metric?.type !== 'gauge', expr);
      const by = [...expr.matchAll(/ by \(([^)]*)\)/g)].flatMap(([, names = '']) => names.split(', '));
      const known = ['job', ...(metric?.labels ?? []), ...(part === '_bucket' ? ['le'] : [])];
      t.same(
        [...labels, ...by].filter((label) => !known.includes(label)),
        [],
        expr,
      );
    }
    const codes = expr.match(/code=~"([^"]*)"/)?.[1]?.split('|') ?? [];
    t.same(
      codes.filter((code) => !(code in catalogue)),
      [],
      expr,
    );
  }
});

t.test('a name that a query has made up would be found', async (t) => {
  t.same(seriesIn('sum (rate(portvakt_made_up_total{job=~"$job", who="x"}[5m]))'), [
    { name: 'portvakt_made_up_total', part: undefined, labels: ['job', 'who'] },
  ]);
  t.same(seriesIn('rate(portvakt_token_request_seconds_bucket{le="1"}[5m])'), [
    { name: 'portvakt_token_request_seconds', part: '_bucket', labels: ['le'] },
  ]);
});

t.test('it has the form that Grafana imports: panels that do not overlap, each with a number of its own', async (t) => {
  t.match(frame, {
    uid: 'portvakt',
    title: 'Portvakt',
    schemaVersion: 39,
    templating: { list: [{ name: 'datasource' }, { name: 'job' }] },
  });
  t.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  for (const { type, title, gridPos, targets = [] } of panels) {
    t.ok(gridPos.x + gridPos.w <= 24, title);
    t.equal(type, targets.length > 0 ? 'timeseries' : 'row', title);
    t.equal(new Set(targets.map(({ refId }) => refId)).size, targets.length, title);
  }
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)},${y + Math.floor(cell / w)}`),
  );
  t.equal(new Set(cells).size, cells.length);
});
