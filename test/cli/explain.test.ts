import t from 'tap';
import { catalogue } from '../../server/core/catalogue.ts';
import { matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

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
