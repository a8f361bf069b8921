import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { worldJsonSchema } from '../../fixtures/world-schema.ts';
import { matchesGolden } from './golden.ts';
import { newUser } from './portvakt.ts';

const WORLD = `organizations:
  - { orgno: "310555029", name: Prøveetaten, prefixes: [prove] }
scopes:
  - { prefix: prove, subscope: kart.read, owner_orgno: "310555029", description: Lese kart, accessible_for_all: true }
`;

t.test('world schema prints the JSON Schema of a world file', async (t) => {
  const { run } = await newUser(t);
  const { code, stdout } = await run(['world', 'schema']);
  t.equal(code, 0);
  t.same(JSON.parse(stdout), JSON.parse(JSON.stringify(worldJsonSchema())));
});

t.test('world check tells what a sound world holds, in every format', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(join(home, 'world.yaml'), WORLD);
  for (const format of ['table', 'wide', 'json', 'yaml', 'csv', 'name']) {
    const { code, stdout } = await run(['world', 'check', 'world.yaml', '-o', format]);
    t.equal(code, 0);
    matchesGolden(t, `world-check.${format}`, { text: stdout });
  }
});

t.test('world check ends with 8 and tells every mistake with file, line and column', async (t) => {
  const { run, home } = await newUser(t);
  await writeFile(
    join(home, 'world.yaml'),
    `${WORLD}  - { prefix: other, subscope: x, owner_orgno: "310555029", wrong: 1 }\nnothing: []\n`,
  );
  const { code, stdout, stderr } = await run(['world', 'check', 'world.yaml']);
  t.equal(code, 8);
  t.equal(stdout, '');
  t.match(stderr, /world\.yaml:5:\d+: /);
  t.match(stderr, /world\.yaml:6:\d+: /);
  const json = await run(['world', 'check', 'missing.yaml', '-o', 'json']);
  t.equal(json.code, 8);
  t.match(JSON.parse(json.stderr).error, {
    code: 'invalid',
    exit_code: 8,
    details: [{ path: 'missing.yaml:1:1', message: /cannot be read/ }],
  });
});
