import t from 'tap';
import { createKnownHeaders } from '../../keys/known-headers.ts';

t.test('a header is found by its exact text alone, as the object that was kept', async (t) => {
  const headers = createKnownHeaders();
  const header = { alg: 'RS256', kid: 'a' };
  headers.keep('eyJhIjoxfQ', header);
  t.equal(headers.find('eyJhIjoxfQ'), header);
  t.equal(headers.find('eyJhIjoxfR'), undefined);
  headers.keep('eyJhIjoxfQ', header);
  t.equal(headers.find('eyJhIjoxfQ'), header);
});

t.test('what is kept has an end: the headers that were used least give way, however long they are', async (t) => {
  const headers = createKnownHeaders();
  const text = (n: number): string => `${n}`.padEnd(24 * 1024, 'A');
  for (let n = 0; n < 1_000; n++) headers.keep(text(n), {});
  const found = Array.from({ length: 1_000 }, (_, n) => headers.find(text(n))).filter((header) => header !== undefined);
  t.ok(found.length * 24 * 1024 <= 8 * 1024 * 1024);
  t.ok(headers.find(text(999)), 'the newest is there');
});
