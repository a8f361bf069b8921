import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { parse } from 'yaml';
import { configSchema } from '../../server/config-schema.ts';
import { type Page, pageNamed, top } from './markdown.ts';

const read = (path: string): string => readFileSync(new URL(path, top), 'utf8');
const defaults = configSchema.parse({});

/** What a PromQL expression asks for: each metric with the labels that it picks or adds by. */
function metricsOf(expression: string): { name: string; labels: string[] }[] {
  return [...expression.matchAll(/\b(portvakt_[a-z_]+)(?:\{([^}]*)\})?/g)].map(([, name = '', labels = '']) => ({
    name: name.replace(/_(?:bucket|sum|count)$/, ''),
    labels: [...labels.matchAll(/([a-z]+)\s*=~?/g)].map(([, label = '']) => label),
  }));
}

function expressionsOf({ text }: Page): string[] {
  const [rules = ''] = /```yaml\ngroups:[\s\S]*?```/.exec(text) ?? [];
  const { groups } = parse(rules.replace(/```(?:yaml)?/g, ''));
  return groups.flatMap(({ rules }: { rules: { expr: string }[] }) => rules.map(({ expr }) => expr));
}

t.test('every metric and label of the alert rules is one that the server has', async (t) => {
  const reference = read('docs/reference/metrics.md');
  const rows = new Map(
    [...reference.matchAll(/^\| `(portvakt_[a-z_]+)` \|(.*)$/gm)].map(([, name = '', rest = '']) => [name, rest]),
  );
  const expressions = expressionsOf(pageNamed('docs/operations/watch.md'));
  t.ok(expressions.length > 5 && rows.size > 10);
  for (const { name, labels } of expressions.flatMap(metricsOf)) {
    t.ok(rows.has(name), name);
    for (const label of labels) t.match(rows.get(name), `\`${label}\``, `${name} has the label ${label}`);
  }
});

t.test('every metric that the pages on operations name is one that the server has', async (t) => {
  const reference = read('docs/reference/metrics.md');
  for (const file of readdirSync(new URL('docs/operations/', top)))
    for (const { name } of metricsOf(read(`docs/operations/${file}`))) t.match(reference, `\`${name}\``, `${file}: ${name}`);
});

t.test('the example for systemd listens where the configuration does, and waits longer than a stop may take', async (t) => {
  const socket = read('docs/examples/portvakt.socket');
  const service = read('docs/examples/portvakt.service');
  t.match(socket, `ListenStream=127.0.0.1:${defaults.listen.port}\n`);
  const [, timeout] = /^TimeoutStopSec=(\d+)$/m.exec(service) ?? [];
  t.ok(Number(timeout) > defaults.shutdown.delay_seconds + defaults.shutdown.timeout_seconds);
  t.match(service, 'ExecReload=/bin/kill -HUP $MAINPID');
  for (const line of ['NoNewPrivileges=yes', 'ProtectSystem=strict', 'LimitCORE=0', 'UMask=0077'])
    t.match(service, `\n${line}\n`);
});

t.test('the example for containers has a Node that is new enough, asks for health where it is, and is not root', async (t) => {
  const container = read('docs/examples/Containerfile');
  const { engines } = JSON.parse(read('package.json'));
  t.match(engines.node, /^>=24\./);
  t.equal([...container.matchAll(/^FROM docker\.io\/library\/node:24-/gm)].length, 2);
  t.match(container, `http://${defaults.operations.listen}/health/ready`);
  t.match(container, /\nUSER portvakt\n/);
});
