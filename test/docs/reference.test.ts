import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { examples, pages } from '../../docs/generate.ts';
import { top } from './markdown.ts';

t.test('docs/reference/ is what the code says; npm run docs writes it', async (t) => {
  const made = await pages();
  t.same(readdirSync(new URL('docs/reference/', top)).sort(), [...made.keys()].sort());
  for (const [name, text] of made) t.equal(readFileSync(new URL(`docs/reference/${name}`, top), 'utf8'), text, name);
});

t.test('docs/examples/ holds what the code says, where it is made from it', async (t) => {
  for (const [name, text] of examples()) t.equal(readFileSync(new URL(`docs/examples/${name}`, top), 'utf8'), text, name);
});
