import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { HELP, Misuse, readArguments } from '../../gates/arguments.ts';
import { chanceOf } from '../../gates/chance.ts';
import type { Asked, Gate } from '../../gates/gate.ts';
import { GATES } from '../../gates/gates.ts';
import { ofCases } from '../../gates/of-cases.ts';
import { runGates } from '../../gates/run-gates.ts';

t.test('all gates run unless some are named, and a gate is named with its parts', async (t) => {
  t.match(readArguments([]), { gates: GATES, isShort: false, seed: 1, from: 0 });
  t.match(readArguments(['--short', '--seed', '7', '--from', '300', 'G10']), { isShort: true, seed: 7, from: 300 });
  t.same(
    readArguments(['G9']).gates.map(({ id }) => id),
    ['G9-certificates', 'G9-assertions', 'G9-bodies'],
    'G9 is not G10',
  );
  for (const wrong of [['G99'], ['G'], ['--seed', '-1'], ['--from', 'x'], ['--fast']])
    t.throws(() => readArguments(wrong), Misuse, wrong.join(' '));
  t.equal(new Set(GATES.map(({ id }) => id)).size, GATES.length, 'no two have one name');
});

t.test('what a gate finds is printed with its seed, and one that is not passed fails the run', async (t) => {
  const asked: Asked[] = [];
  const gate = (id: string, failures: readonly string[]): Gate => ({
    id,
    title: `title of ${id}`,
    run: async (one) => {
      asked.push(one);
      one.tell('half of it');
      return { figures: { cases: 3 }, failures };
    },
  });
  const run = async (...gates: readonly Gate[]) => {
    const stdout: string[] = [];
    const stderr: string[] = [];
    const streams = {
      stdout: { write: (text: string) => stdout.push(text) },
      stderr: { write: (text: string) => stderr.push(text) },
    };
    const isPassed = await runGates({ gates, isShort: true, seed: 5, from: 2 }, streams);
    return { isPassed, stdout: stdout.join(''), stderr: stderr.join('') };
  };
  const good = await run(gate('G1', []));
  t.equal(good.isPassed, true);
  t.match(good.stdout, /^G1 {2}title of G1\n {2}seed 5, from 2, short form\n {2}cases: 3\n {2}passed in \d+\.\d s\n/);
  t.equal(good.stderr, '  … half of it\n');
  const bad = await run(gate('G1', ['it burns']), gate('G2', []));
  t.equal(bad.isPassed, false);
  t.match(bad.stdout, /✗ it burns\n {2}NOT PASSED in .*\n\nG2/);
  t.match(asked.at(-1), { isShort: true, seed: 5, from: 2 });
});

t.test('a gate of numbered cases that has none left from the first one asked for shows nothing, and is not passed', async (t) => {
  const from = 999_999_999;
  for (const id of OF_CASES) {
    const gate = GATES.find((one) => one.id === id);
    const outcome = await gate?.run({ isShort: false, seed: 1, from, tell: () => {} });
    t.match(outcome, { figures: {}, failures: [/nothing (is left to be|was) shown/i] }, id);
  }
  const taken: (readonly [number, number])[] = [];
  const gate = ofCases({
    ...{ id: 'G0', title: 'title', cases: { full: 200, short: 9 } },
    run: async ({ from, to }) => {
      taken.push([from, to]);
      return { figures: {}, failures: [] };
    },
  });
  const failures = async (from: number, isShort: boolean) =>
    (await gate.run({ isShort, seed: 1, from, tell: () => {} })).failures;
  t.same(await failures(199, false), []);
  t.same(await failures(300, true), []);
  t.same(taken, [
    [199, 200],
    [300, 309],
  ]);
  t.same(await failures(200, false), ['its cases are those from 0 to 199: from 200 nothing is left to be shown']);
});

/** Those that take `--from` for the number of a case, and end some day. */
const OF_CASES = [
  ...['G1', 'G2', 'G3', 'G5', 'G9-certificates', 'G9-assertions', 'G9-bodies', 'explain', 'G13', 'G16', 'openssl'],
  ...['G1-postgres', 'G3-postgres', 'G5-postgres'],
];

t.test('the program ends with 2 and the help for what it does not understand, and prints nothing but its gates', async (t) => {
  const program = (...args: string[]) =>
    promisify(execFile)(process.execPath, [join(import.meta.dirname, '../../gates/main.ts'), ...args]);
  await t.rejects(program('G99'), { code: 2, stdout: '', stderr: `✗ there is no gate G99\n\n${HELP}` });
  t.same(await program('--help'), { stdout: HELP, stderr: '' });
});

t.test('docs/gates.md has a line for each gate', async (t) => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/gates.md'), 'utf8');
  const told = [...page.matchAll(/^\| ([A-Za-z0-9-]+) \| .*\d \|$/gm)].map(([, id]) => id);
  t.same(told.sort(), GATES.map(({ id }) => id).sort());
});

t.test('chance is the same for the same seed and number, and spread over what it may be', async (t) => {
  const drawn = (seed: number, number: number) => {
    const next = chanceOf(seed, number);
    return Array.from({ length: 5 }, () => next(1000));
  };
  t.same(drawn(1, 2), drawn(1, 2));
  t.notSame(drawn(1, 2), drawn(1, 3));
  t.notSame(drawn(1, 2), drawn(2, 2));
  const firsts = new Set(Array.from({ length: 1000 }, (_, number) => chanceOf(1, number)(100)));
  t.equal(firsts.size, 100, 'neighbours begin anywhere');
});
