import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import t from 'tap';
import { failuresOf } from '../../bench/measures/replay.ts';
import { measureTokens } from '../../bench/modes/tokens.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

const EXTENT = { rounds: 1, tokens: 60, connections: 4, warmUp: 8, rate: 200 };

t.test('a short run gets a token of every server for every request, and has Portvakt refuse every replay', async (t) => {
  const lines: string[] = [];
  process.env.TMPDIR = t.testdir();
  const order = { extent: EXTENT, workers: 2, delegations: 250, peers: true };
  const { failures, json, ...outcome } = await measureTokens(order, (line) => void lines.push(line));
  t.same(failures, []);
  t.same(lines, ['warming up with 8 tokens for each target', 'round 1 of 1']);
  t.match(json, {
    ...{ rounds: 1, tokens: 60, connections: 4, warm_up: 8, rate: 200, workers: 2 },
    items: [
      { name: 'kid', errors: 0, replay: 'MP-012', leaves_out: null },
      { name: 'x5c', errors: 0, replay: 'MP-012' },
      { name: 'delegated', errors: 0, replay: 'MP-012' },
      { name: 'oidc-provider', errors: 0, replay: 'accepted', leaves_out: /memory of each worker/ },
      { name: 'oauth2-mock-server', errors: 0, replay: 'accepted', leaves_out: /believes every assertion/ },
    ],
  });
  for (const item of (json as { items: readonly Record<string, never>[] }).items) {
    t.match(item, { tokens_per_second: Number, closed_loop: { p50_ms: Number, p99_ms: Number }, open_loop: { p99_ms: Number } });
    t.ok((item.cpu_us_per_token ?? 0) > 0, 'the CPU of the workers is counted');
  }
  t.match(outcome.lines.join('\n'), /^kid +\d+ +\d+ +\d+\.\d\d /m);
  t.same(
    outcome.bars?.map(({ bars }) => bars.length),
    [5, 5],
  );
  t.same(readdirSync(tmpdir()), [], 'no data is left behind');
});

t.test(
  'requests without a token and replays that pass make the figures worthless, but for a peer that is known for it',
  async (t) => {
    t.same(failuresOf({ name: 'kid', errors: 2, firstError: '503 full', replay: 'MP-012', replayIs: 'MP-012' }), [
      'kid: 2 requests got no token, the first: 503 full',
    ]);
    t.same(failuresOf({ name: 'x5c', errors: 0, replay: 'accepted', replayIs: 'MP-012' }), [
      'x5c: a replay was answered with accepted, not MP-012',
    ]);
    t.same(failuresOf({ name: 'peer', errors: 0, replay: 'accepted' }), []);
  },
);
