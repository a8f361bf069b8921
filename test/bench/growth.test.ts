import { createPublicKey, sign, verify } from 'node:crypto';
import t from 'tap';
import { readArguments } from '../../bench/arguments.ts';
import { clientId } from '../../bench/growth/fill.ts';
import { KeyPool } from '../../bench/growth/key-pool.ts';
import { measureGrowth } from '../../bench/modes/growth.ts';
import { rsaJwkFlaw } from '../../keys/key-policy.ts';

// As a user has it: without what tap loads into every child, which takes longer than the server does.
delete process.env.NODE_OPTIONS;

t.test(
  'a pool has as many distinct keys as were asked for, each a pair that signs and a key that the policy takes',
  async (t) => {
    const pool = await KeyPool.make(21);
    const keys = Array.from({ length: 21 }, (_, n) => pool.publicKey(n));
    t.equal(new Set(keys.map(({ thumbprint }) => thumbprint)).size, 21);
    const input = Buffer.from('input');
    for (const [n, { jwk }] of keys.entries()) {
      t.equal(rsaJwkFlaw(jwk), undefined);
      t.ok(
        verify('sha256', input, createPublicKey({ key: { ...jwk }, format: 'jwk' }), sign('sha256', input, pool.privateKey(n))),
      );
    }
    t.throws(() => pool.publicKey(100), RangeError);
  },
);

t.test('clients have names like UUIDs', async (t) => {
  t.match(clientId(7), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  t.not(clientId(7), clientId(8));
});

t.test('a filled store gives every client its token, and is compared with a small one', async (t) => {
  process.env.TMPDIR = t.testdir();
  const asked = readArguments('--clients 300 --grants 900 --rounds 1 --tokens 100 --warm-up 20 --workers 1'.split(' '));
  const { failures, json } = await measureGrowth(asked, () => {});
  t.same(failures, []);
  t.match(json, {
    clients: 300,
    grants: 900,
    cpu_ratio: Number,
    items: [
      { name: '100 clients', errors: 0, replay: 'MP-012' },
      { name: '300 clients', errors: 0 },
    ],
  });
});

t.test('a store too small for no client to ask twice is refused', async (t) => {
  const asked = readArguments('--clients 300 --grants 900'.split(' '));
  await t.rejects(
    measureGrowth(asked, () => {}),
    /none may go to a client twice/,
  );
});
