import type { IncomingMessage } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { devConfig } from '../../server/config.ts';
import { configSchema } from '../../server/config-schema.ts';
import { createAddressOf } from '../../server/limits/address.ts';

const from = (remoteAddress: string, forwarded?: string): IncomingMessage =>
  ({ socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } }) as never;

t.test('PV-SEC-065 X-Forwarded-For is believed from configured proxies alone', async (t) => {
  const addressOf = createAddressOf(['10.0.0.0/8', '2001:db8:ffff::/48', '192.0.2.7']);
  for (const [peer, forwarded, counted] of [
    ['198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['2001:db8:ffff::1', ' 203.0.113.9 ', '203.0.113.9'],
    ['10.1.2.3', '6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '6.6.6.6,203.0.113.9, 192.0.2.7,10.9.9.9', '203.0.113.9'],
    ['10.1.2.3', '203.0.113.9:4711', '203.0.113.9'],
    ['10.1.2.3', '::ffff:203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '[2001:db8:1:2::9]:4711', '2001:db8:1:2::/64'],
    ['10.1.2.3', '203.0.113.9, unknown', undefined],
    ['10.1.2.3', '10.4.4.4', undefined],
    ['10.1.2.3', ',,', undefined],
    ['10.1.2.3', undefined, undefined],
  ] as const)
    t.equal(addressOf(from(peer, forwarded)), counted, `${peer} says ${forwarded}`);
});

t.test('PV-SEC-111 an address that is kept does not keep the header that it stood in', (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const addressOf = createAddressOf(['10.0.0.0/8']);
  const kept: unknown[] = [];
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let n = 0; n < 1_000; n++) {
    const header = Buffer.from(`${'x'.repeat(15_000)}, 203.0.${100 + (n >> 8)}.${n & 255}`).toString('latin1');
    kept.push(addressOf(from('10.1.2.3', header)));
  }
  collect();
  t.equal(new Set(kept).size, 1_000);
  t.ok(process.memoryUsage().heapUsed - before < 5_000_000, 'the headers were 15 MB');
  t.end();
});

t.test('PV-SEC-111 an IPv6 address is counted by its first 64 bits', async (t) => {
  const addressOf = createAddressOf([]);
  for (const [peer, counted] of [
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::9', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['', undefined],
  ] as const)
    t.equal(addressOf(from(peer)), counted, peer);
});

t.test(
  'PV-SEC-126 a proxy that is no address or network is a mistake of the configuration, and so is an unknown limit',
  async (t) => {
    for (const proxy of ['10.0.0.0/33', '::1/129', 'proxy.example.no', '10.0.0.0/', '1.2.3/8', ''])
      t.notOk(configSchema.safeParse({ proxies: [proxy] }).success, proxy);
    t.ok(configSchema.safeParse({ proxies: ['10.0.0.0/8', '::1', '2001:db8::/32', '192.0.2.1/32'] }).success);
    for (const limits of [{ client: 0 }, { client: 'none' }, { clients: 5 }, { concurrency: 0 }, { queue: 'off' }])
      t.notOk(configSchema.safeParse({ limits }).success, JSON.stringify(limits));
    t.ok(
      configSchema.safeParse({ limits: { client: 'off', organization: 5, address: 'off', concurrency: 7, queue: 1 } }).success,
    );
  },
);

t.test('in portvakt dev nobody is limited unless it is set', async (t) => {
  t.same(devConfig({ dataDir: '/', port: 0 }).limits, { concurrency: 1_000, queue: 1_000 });
  t.match(devConfig({ dataDir: '/', port: 0, limits: { client: 5 } }).limits, { client: 5, organization: undefined });
});
