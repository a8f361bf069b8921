import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { readCertificate } from '../../keys/x509/certificate.ts';
import { readCrl } from '../../keys/x509/crl.ts';
import { Responders } from '../../keys/x509/responders.ts';
import { openList } from '../../keys/x509/revocation-list.ts';
import { RevocationLists } from '../../keys/x509/revocation-lists.ts';
import { createCertificates } from '../../keys/x509/trust.ts';
import type { RevocationPolicy } from '../../server/core/ports.ts';
import { type AnswerOrder, answer, explicit, generalized, REVOKED } from './ocsp-answer.ts';
import { entry, makeList, NOW, ORGANIZATION, revokedEntry } from './pki.ts';
import { issuing, root, valid } from './refuses.ts';

/** Who is asked about one certificate where no list answers. Security reference §3, `PV-SEC-055` */

const HOUR = 3600;

async function scene(
  t: Test,
  { policy = 'require', allowPrivate = true }: { policy?: RevocationPolicy; allowPrivate?: boolean } = {},
) {
  let asked = 0;
  let give: () => Buffer | undefined = () => answer();
  const server = createServer((_, response) => {
    asked++;
    const body = give();
    response.writeHead(body ? 200 : 503).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const entries = [
    entry('anchor', root.der, { revocation: policy, crlUrls: ['http://crl.example.no/root.crl'] }),
    entry('intermediate', issuing.der, { ocspUrl: url, crlUrls: ['http://crl.example.no/issuing.crl'] }),
  ];
  const lists = new RevocationLists();
  const certificates = createCertificates(entries, { environment: 'test', lists, responders: new Responders({ allowPrivate }) });
  const keep = (authority: typeof root, place: number, order: Parameters<typeof makeList>[1] = {}) => {
    const source = lists.sources[place];
    if (!source) throw new Error('no such source');
    lists.keep(source, openList(readCrl(makeList(authority, order)), readCertificate(authority.der)));
  };
  keep(root, 0);
  return {
    keep,
    asked: () => asked,
    answers: (order: AnswerOrder) => {
      give = () => answer(order);
    },
    isSilent: () => {
      give = () => undefined;
    },
    outcome: (now = NOW) =>
      certificates.judge([valid], now).then(
        ({ organization }) => organization,
        (error) => String(error.circumstances?.detail).split(':')[0] ?? '',
      ),
  };
}

t.test('security §3 where no list answers, the responder is asked, and its answer is kept', async (t) => {
  const { outcome, asked } = await scene(t);
  t.equal(await outcome(), ORGANIZATION);
  t.equal(await outcome(NOW + 30), ORGANIZATION);
  t.equal(asked(), 1);
});

t.test('security §3 a verdict ends with the answer that it stands on', async (t) => {
  const { outcome, asked, answers } = await scene(t);
  t.equal(await outcome(NOW + 59), ORGANIZATION);
  answers({ thisUpdate: NOW + 60, producedAt: NOW + 60, nextUpdate: explicit(0, generalized(NOW + HOUR)), status: REVOKED });
  t.equal(await outcome(NOW + 60), 'revoked');
  t.equal(asked(), 2);
});

t.test('security §3 an answer counts for twelve hours at most', async (t) => {
  const { outcome, asked, answers } = await scene(t);
  answers({ nextUpdate: explicit(0, generalized(NOW + 100 * HOUR)) });
  t.equal(await outcome(), ORGANIZATION);
  for (const hours of [1, 11]) t.equal(await outcome(NOW + hours * HOUR - 1), ORGANIZATION);
  t.equal(asked(), 1);
  await outcome(NOW + 12 * HOUR);
  t.equal(asked(), 2);
});

t.test('security §3 nobody is asked while a list answers, and a list that names the certificate wins', async (t) => {
  const { outcome, asked, keep } = await scene(t);
  keep(issuing, 1);
  t.equal(await outcome(), ORGANIZATION);
  keep(issuing, 1, { number: 2, revoked: [revokedEntry(readCertificate(valid).serialNumber)] });
  t.equal(await outcome(), 'revoked');
  t.equal(asked(), 0);
});

for (const [policy, expected] of [
  ['require', 'revocation'],
  ['grace', 'revocation'],
  ['soft', ORGANIZATION],
] as const) {
  t.test(`security §3 ${policy}: with a responder that does not answer the outcome is ${expected}`, async (t) => {
    const { outcome, isSilent, answers } = await scene(t, { policy });
    isSilent();
    t.equal(await outcome(), expected);
    answers({ status: REVOKED });
    t.equal(await outcome(NOW + 2 * HOUR), policy === 'soft' ? ORGANIZATION : 'revocation', 'an answer that has ended is none');
  });
}

t.test('security §3 soft: a responder that says revoked is believed', async (t) => {
  const { outcome, answers } = await scene(t, { policy: 'soft' });
  answers({ status: REVOKED });
  t.equal(await outcome(), 'revoked');
});

t.test('PV-SEC-054 a responder in a private network is not asked unless that is configured', async (t) => {
  const { outcome, asked } = await scene(t, { allowPrivate: false });
  t.equal(await outcome(), 'revocation');
  t.equal(asked(), 0);
});
