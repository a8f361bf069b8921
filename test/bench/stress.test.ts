import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readArguments } from '../../bench/arguments.ts';
import { measureAsked } from '../../bench/modes/modes.ts';
import type { Outcome } from '../../bench/report/outcome.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

const SHORT = '--warm-up 8 --connections 4 --delegations 100 --workers 1 --tokens 40 --rounds 1 --rate 40'.split(' ');

async function measure(t: Test, ...options: string[]): Promise<Outcome> {
  process.env.TMPDIR = join(t.testdir({ tmp: {} }), 'tmp');
  const outcome = await measureAsked(readArguments([...SHORT, ...options]), () => {});
  t.same(readdirSync(process.env.TMPDIR), [], 'no data is left behind');
  return outcome;
}

t.test('a reload under load loses no request', async (t) => {
  const { failures, json } = await measure(t, '--reloads', '1');
  t.same(failures, []);
  t.match(json, { reloads: 1, failed: 0, replay: 'MP-012' });
});

t.test('slow senders are measured beside none', async (t) => {
  const { failures, json } = await measure(t, '--slow-senders', '20');
  t.same(failures, []);
  t.match(json, { senders: 20, undisturbed: { p99_ms: Number }, beside: { p99_ms: Number }, errors: 0 });
});

t.test('a soak tells what each worker holds', async (t) => {
  const { json } = await measure(t, '--soak', '2');
  t.match(json, {
    failed: 0,
    workers_found: [{ memory_mib: { beginning: Number, most: Number }, descriptors: { end: Number } }],
  });
});

t.test('starts are timed', async (t) => {
  const { json } = await measure(t, '--start', '1');
  t.match(json, { starts: 1, items: [{ store: 'made-up world', median_seconds: Number }] });
});

t.test('a profile names the functions of a worker', async (t) => {
  const folder = join(t.testdirName, 'profiles');
  const { failures, json } = await measure(t, '--profile', folder);
  t.same(failures, []);
  t.equal((json as { items: readonly object[] }).items.length, 10);
  t.ok(readdirSync(folder).length >= 2, 'of the first process and of its worker');
});

t.test('an audit of some length is kept, taken out and verified', async (t) => {
  const { failures, json } = await measure(t, '--audit', '2000');
  t.same(failures, []);
  t.match(json, { records: 2003, checkpoints: Number, peak_mebibytes: Number, verify_seconds: Number });
});
