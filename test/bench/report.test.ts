import t from 'tap';
import { topBySelfTime } from '../../bench/measures/cpu-profile.ts';
import { flatness } from '../../bench/measures/flatness.ts';
import { nodesOutcome } from '../../bench/report/nodes.ts';
import { goal } from '../../bench/report/outcome.ts';
import { plot } from '../../bench/report/plot.ts';

t.test('a plot is an SVG with a bar for every figure, the longest as wide as there is room', async (t) => {
  const bars = [
    { name: 'kid', figure: 50 },
    { name: '<b> & c', figure: 100 },
  ];
  const svg = plot([{ title: 'Tokens a second', digits: 0, bars }], 'a machine');
  t.match(svg, /^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" /);
  t.match(svg, /<\/svg>\n$/);
  t.same(
    [...svg.matchAll(/<rect class="bar" .*? width="([\d.]+)"/g)].map(([, width]) => Number(width)),
    [240, 480],
  );
  t.match(svg, '&lt;b&gt; &amp; c');
  t.match(svg, '>a machine</text>');
});

t.test('a plot of nothing but zeros has no bar that is not a number', async (t) => {
  t.notMatch(plot([{ title: 'x', digits: 0, bars: [{ name: 'kid', figure: 0 }] }], ''), /NaN|Infinity/);
});

t.test('of nodes on a database it is told what each token is to it, and what it costs with it', async (t) => {
  const latency = { p50: 1, p99: 2 };
  const figures = {
    tokensPerSecond: 500,
    cpuPerToken: 400,
    signaturesPerToken: 2,
    clientCpuPerToken: 10,
    closed: latency,
    errors: 0,
  };
  const targets = [
    { ...figures, name: 'a file', replay: 'MP-012', replayIs: 'MP-012' },
    { ...figures, name: 'a database', replay: 'accepted', replayIs: 'MP-012', store: { cpu: 100, statements: 0.1234, log: 750 } },
  ];
  const kept = [{ name: 'a database', perToken: 494.4 }];
  const circumstances = { rounds: 1, tokens: 1, connections: 1, warmUp: 1, workers: 2, nodes: 3, workersEach: 1, kept };
  const { lines, json, failures } = nodesOutcome({ signatureCpu: 200, targets }, circumstances);
  t.match(
    lines.find((line) => line.startsWith('a database') && line.includes('750')),
    /^a database +100 +2\.50 +0\.123 +750 +494$/,
  );
  t.match(json, { nodes: 3, workers_each: 1, stores: [{ cpu_us_per_token: null }, { statements_per_token: 0.1234 }] });
  t.same(failures, ['a database: a replay was answered with accepted, not MP-012']);
});

t.test('memory that swings is flat, memory that grows is not, and a worker that ended is missed', async (t) => {
  const samples = (mebibytes: (n: number) => number) =>
    Array.from({ length: 40 }, (_, n) => ({ at: n, mebibytes: mebibytes(n), files: 20 }));
  t.match(flatness(samples((n) => 140 + (n % 5))), {
    memory: { isFlat: true, most: 144 },
    files: { isFlat: true },
    isWhole: true,
  });
  const growing = flatness(samples((n) => 100 + n));
  t.match(growing, { memory: { isFlat: false, most: 139 } });
  t.ok(Math.abs(growing.memory.perMinute - 60) < 1e-6);
  t.match(flatness([...samples(() => 140), { at: 41 }]), { isWhole: false });
  t.match(flatness([{ at: 0, mebibytes: 100, files: 9 }]), { memory: { beginning: 100, end: 100, isFlat: true, perMinute: 0 } });
});

t.test('a function called from two places is one, and idle time is none', async (t) => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
  const profile = {
    nodes: [
      { id: 1, callFrame: frame('sign', 'node:crypto') },
      { id: 2, callFrame: frame('sign', 'node:crypto') },
      { id: 3, callFrame: frame('(idle)') },
      { id: 4, callFrame: frame('', 'node:x') },
    ],
    samples: [1, 2, 3, 4],
    timeDeltas: [1000, 2000, 50_000, 1000],
  };
  t.same(topBySelfTime(profile, 10), [
    { name: 'sign node:crypto:5', milliseconds: 3, share: 0.75 },
    { name: '(anonymous) node:x:5', milliseconds: 1, share: 0.25 },
  ]);
  t.equal(topBySelfTime(profile, 1).length, 1);
});

t.test('a goal is told with the figure, reached or missed', async (t) => {
  t.equal(goal('memory', 150, 180, ' MiB'), 'memory: 150.00 MiB, the goal is at most 180 MiB: reached');
  t.match(goal('ratio', 1.2, 1.15), /: missed$/);
});
