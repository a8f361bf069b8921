import t from 'tap';
import { catalogue } from '../../server/core/catalogue.ts';
import { matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

t.setTimeout(90_000);

t.test('explain CODE prints cause and fix in every format', async (t) => {
  const { run } = await newUser(t);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { code, stdout, stderr } = await run(['explain', 'MP-110', '-o', format]);
    t.equal(code, 0);
    t.equal(stderr, '');
    matchesGolden(t, `explain.${format}`, { text: stdout });
  }
});

t.test('explain takes a code in any case, and the error_uri that ends in it', async (t) => {
  const { run } = await newUser(t);
  for (const text of ['pv-132', 'https://token.example.no/errors/PV-132']) {
    t.match((await run(['explain', text])).stdout, `PV-132  ${catalogue['PV-132'].phrase}\n`);
  }
});

t.test('explain of an unknown code ends with 6, and suggests the nearest', async (t) => {
  const { run } = await newUser(t);
  const near = await run(['explain', 'MP-120x']);
  t.equal(near.code, 6);
  t.match(near.stderr, /did you mean MP-120\?/);
  const far = await run(['explain', 'nonsense']);
  t.equal(far.code, 6);
  t.match(far.stderr, /a code is the last part of error_uri/);
});

t.test('a code needs no server, and neither does what is neither code nor id: 6, and 2 for an assertion', async (t) => {
  const { run } = await newUser(t);
  const long = await run(['explain', 'x'.repeat(5_000)]);
  t.equal(long.code, 6);
  t.ok(long.stderr.length < 500, 'of what is too long a part is said again');
  const coloured = await run(['explain', '\u001b[31mred']);
  t.equal(coloured.code, 6);
  t.notOk(coloured.stderr.includes('\u001b[31mred'));
  for (const text of ['', ' ', '0'.repeat(31), '0'.repeat(33), `${'0'.repeat(31)}g`, '../clients', `trace_id: ${'0'.repeat(31)}`])
    t.equal((await run(['explain', text])).code, 6, JSON.stringify(text));
  t.match(await run(['explain', 'eyJhIjoxfQ.e30.c2ln']), { code: 2, stderr: /portvakt explain - < request\.jwt/ });
  t.match(await run(['explain', '0'.repeat(32)]), { code: 4, stderr: /nobody is logged in/ });
});

t.test('what is read as an assertion has its bound, and must be there: 8', async (t) => {
  const { run } = await newUser(t);
  t.match(await run(['explain', '-'], { input: 'x'.repeat(300_000) }), { code: 8, stderr: /more than 65536 bytes/ });
  t.match(await run(['explain', '-'], { input: ' \n' }), { code: 8, stderr: /there is no JWT/ });
  t.match(await run(['assertion', 'explain', '/dev/zero']), { code: 8, stderr: /\/dev\/zero holds more than 65536 bytes/ });
});

t.test('with dev, what a refusal says can be asked works as it stands, without a log-in (user experience §7)', async (t) => {
  const { run, dev } = await newUser(t);
  const { issuer, token_endpoint } = await dev();
  const env = { PORTVAKT_ISSUER: issuer };
  const refused = await run(['token', 'get', '--client', 'demo-expired-key', '--scope', 'prove:bygg.read'], { env });
  const [, id = ''] = /\n {2}more {2}portvakt explain ([0-9a-f]{32})\n$/.exec(refused.stderr) ?? [];
  const shown = await run(['explain', id], { env });
  t.equal(shown.code, 0, shown.stderr);
  t.match(shown.stdout, /✗ MP-121 {2}not so: the registered key has not ended\n {6}got ended \d+ s ago, expected a key/);
  t.match(
    shown.stdout,
    /\nRefused: 1 of 37 checks failed\. 2 were not reached\. The token endpoint answered with the first, MP-121\.\n$/,
  );
  t.equal((await run(['explain', id])).stdout, shown.stdout, 'also where the server is not named');
  for (const text of [
    `trace_id: ${id}`,
    `(trace_id: ${id})`,
    `"correlation_id": "${id}"`,
    `correlation_id=${id.toUpperCase()}`,
  ]) {
    const answer = await run(['explain', text, '-o', 'json'], { env });
    t.match(JSON.parse(answer.stdout), { id, outcome: 'refused', code: 'MP-121' }, text);
  }
  const pasted = await (await fetch(token_endpoint, { method: 'POST', body: 'x' })).text();
  t.match(await run(['explain', pasted], { env }), { code: 0, stdout: /answered with the first, PV-010\.\n$/ });
  t.equal((await run(['explain', id, '-o', 'name'], { env })).stdout, `explanation/${id}\n`);
  t.match(await run(['explain', 'f'.repeat(32)], { env }), { code: 6, stderr: /PV-606/ });
  const assertion = await run(['assertion', 'create', '--client', 'demo-supplier', '--scope', 'prove:bygg.read', '-q'], { env });
  for (const line of [
    ['explain', '-'],
    ['assertion', 'explain'],
  ])
    t.match(await run(line, { env, input: assertion.stdout }), { code: 9, stdout: /answers with the first, MP-250\.\n$/ });

  const other = { PORTVAKT_ISSUER: (await dev()).issuer };
  for (const its of [env, other]) {
    const made = await run(['assertion', 'create', '--client', 'demo-consumer', '--scope', 'prove:bygg.read', '-q'], {
      env: its,
    });
    const told = await run(['explain', '-'], { input: made.stdout });
    t.match(told, { code: 0 }, `of several servers the one is asked that aud names: ${told.stdout}${told.stderr}`);
  }
  const toOther = await run(['explain', '-'], { env: other, input: assertion.stdout });
  t.match(toOther, { code: 9, stdout: /MP-1\d\d/ }, 'but for one that is named');
});
