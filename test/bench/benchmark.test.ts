import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { HELP, Misuse, readArguments } from '../../bench/arguments.ts';
import { benchmark } from '../../bench/benchmark.ts';
import { failures, reportJson, reportTable } from '../../bench/report.ts';

const EXTENT = { rounds: 2, tokens: 30, connections: 4, warmUp: 8, delegations: 250 };

t.test('a short run gets a token for every request, has every replay refused, and tells what a token costs', async (t) => {
  const lines: string[] = [];
  process.env.TMPDIR = t.testdir();
  const measurement = await benchmark(EXTENT, (line) => void lines.push(line));
  t.same(failures(measurement), []);
  t.same(lines, ['warming up with 8 tokens for each target', 'round 1 of 2', 'round 2 of 2']);
  t.same(
    measurement.targets.map(({ name, errors, replay }) => ({ name, errors, replay })),
    [
      { name: 'kid', errors: 0, replay: 'MP-012' },
      { name: 'x5c', errors: 0, replay: 'MP-012' },
      { name: 'delegated', errors: 0, replay: 'MP-012' },
    ],
  );
  for (const { cpuPerToken, signaturesPerToken, tokensPerSecond, p50, p99 } of measurement.targets) {
    t.ok(signaturesPerToken > 1, 'a token costs more than its signature');
    t.ok(cpuPerToken > signaturesPerToken);
    t.ok(tokensPerSecond > 0);
    t.ok(p99 >= p50 && p50 > 0);
  }
  const report = JSON.parse(reportJson(measurement, EXTENT));
  t.match(report, {
    machine: { node: process.versions.node },
    rounds: 2,
    tokens: 30,
    connections: 4,
    warm_up: 8,
    delegations: 250,
  });
  t.equal(report.items[0].cpu_us_per_token, measurement.targets[0]?.cpuPerToken);
  t.match(reportTable(measurement, EXTENT), /^kid +\d+ +\d+ +\d+\.\d\d /m);
  t.same(readdirSync(tmpdir()), [], 'no data is left behind');
});

t.test('requests without a token and replays that pass make the figures worthless', async (t) => {
  const figures = { tokensPerSecond: 1, cpuPerToken: 1, signaturesPerToken: 1, clientCpuPerToken: 1, p50: 1, p99: 1 };
  const targets = [
    { name: 'kid', ...figures, errors: 2, firstError: '503 full', replay: 'MP-012' },
    { name: 'x5c', ...figures, errors: 0, replay: '200' },
  ];
  t.same(failures({ signatureCpu: 1, targets }), [
    'kid: 2 requests got no token, the first: 503 full',
    'x5c: a replay was answered with 200, not MP-012',
  ]);
});

t.test('the options have defaults and bounds', async (t) => {
  t.match(readArguments([]), {
    extent: { rounds: 4, tokens: 10_000, connections: 64, warmUp: 2_000, delegations: 100_000 },
    output: 'table',
  });
  t.match(readArguments(['certificates']), { what: 'certificates', entries: 1_000_000 });
  t.match(readArguments(['--rounds', '9', '-o', 'json']), { extent: { rounds: 9 }, output: 'json' });
  for (const wrong of [
    ['--rounds', '0'],
    ['--tokens', '1e9'],
    ['--tokens', '50001'],
    ['--connections=-1'],
    ['-o', 'xml'],
    ['--fast'],
    ['x'],
    ['certificates', 'x'],
    ['certificates', '--entries', '0'],
  ]) {
    t.throws(() => readArguments(wrong), Misuse, wrong.join(' '));
  }
});

t.test('a wrong option ends the program with 2 and the help', async (t) => {
  const program = join(import.meta.dirname, '../../bench/main.ts');
  const run = promisify(execFile)(process.execPath, [program, '--rounds', 'many']);
  await t.rejects(run, { code: 2, stdout: '', stderr: `✗ --rounds is a whole number from 1 to 1000, not many\n\n${HELP}\n` });
});
