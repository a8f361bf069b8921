import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { decodeJwt } from 'jose';
import t, { type Test } from 'tap';
import { GIVER } from '../../fixtures/made-up-acting.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { type Answer, START } from '../token/server.ts';
import { sourceOf, startAsking } from './altinn-source.ts';

const { consumer, supplier, customer, owner } = ORGANIZATIONS;
const SCOPE = 'prove:bygg.read';
const CONSENT = 'ecb2a6a5-5a3e-4c56-9c3c-0f2f9e4e2b17';
const URN = (orgno: string) => `urn:altinn:organization:identifier-no:${orgno}`;

/** What a test makes the source answer to a look-up: its token is always to be had. */
type Say = (request: IncomingMessage, response: ServerResponse) => void;

/** A source that says what it is told to, and a server that asks it about everything. */
async function hostile(t: Test, timeoutMs = 1_000) {
  let say: Say = answer(200, []);
  const asked: { method: string; url: string; authorization: string; body: string }[] = [];
  let tokens = 0;
  const source = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url = '', headers } = request;
    if (url === '/token') {
      tokens++;
      return answer(200, { access_token: `token-${tokens}`, token_type: 'Bearer', expires_in: 119, scope: 'x' })(
        request,
        response,
      );
    }
    asked.push({ method, url, authorization: headers.authorization ?? '', body: Buffer.concat(chunks).toString() });
    say(request, response);
  }).listen(0, '127.0.0.1');
  await once(source, 'listening');
  t.teardown(() => {
    source.closeAllConnections();
    source.close();
  });
  const issuer = `http://127.0.0.1:${(source.address() as AddressInfo).port}/`;
  const server = await startAsking(t, sourceOf(issuer, { timeoutMs }));
  const request = async (by: string, changes: object): Promise<Answer> => server.ask(await server.assertion(by, changes));
  return {
    ...{ server, asked, tokens: () => tokens, source, issuer },
    says: (next: Say) => {
      say = next;
    },
    delegated: () => request('demo-supplier', { scope: SCOPE, claims: { consumer_org: consumer.orgno } }),
    systemUser: (externalRef?: string) =>
      request('demo-supplier', {
        scope: 'prove:kart.read',
        claims: {
          authorization_details: [{ type: 'urn:altinn:systemuser', systemuser_org: PARTY, ...(externalRef && { externalRef }) }],
        },
      }),
    consent: () =>
      request('demo-consumer', {
        scope: SCOPE,
        claims: { authorization_details: [{ type: 'urn:altinn:consent', id: CONSENT, from: GIVER }] },
      }),
  };
}

const PARTY = { authority: 'iso6523-actorid-upis', ID: `0192:${customer.orgno}` };

function answer(status: number, body: unknown, type = 'application/json'): Say {
  return (_, response) =>
    void response.writeHead(status, { 'Content-Type': type }).end(typeof body === 'string' ? body : JSON.stringify(body));
}

/** `200`, or the code of the refusal. */
function outcome({ status, body }: Answer): string {
  return status === 200 ? '200' : String(body.error_uri).slice(-6);
}

const row = (changes: object = {}) => ({
  ...{ consumer_org: consumer.orgno, supplier_org: supplier.orgno, delegation_scheme_Id: null, scopes: [SCOPE] },
  ...{ created: '2025-12-01T08:30:00Z', resourceid: 'prove-bygg' },
  ...changes,
});

t.test(
  'PV-SEC-072 a delegation is believed only for exactly this scope and these organisations, whatever else is sent (contract §6.3)',
  async (t) => {
    const { says, delegated, asked, server } = await hostile(t);
    const cases: readonly (readonly [name: string, say: Say, outcome: string])[] = [
      ['the row', answer(200, [row()]), '200'],
      ['the row among others', answer(200, [row({ consumer_org: owner.orgno }), row({ scopes: ['a:b', SCOPE] })]), '200'],
      ['members that nobody knows', answer(200, [row({ more: { deep: [1] }, created: null })]), '200'],
      ['nothing', answer(200, []), 'MP-251'],
      ['another consumer’s', answer(200, [row({ consumer_org: owner.orgno })]), 'MP-251'],
      ['another supplier’s', answer(200, [row({ supplier_org: owner.orgno })]), 'MP-251'],
      [
        'the two the other way round',
        answer(200, [row({ consumer_org: supplier.orgno, supplier_org: consumer.orgno })]),
        'MP-251',
      ],
      [
        'more scopes, this one not among them',
        answer(200, [row({ scopes: ['prove:bygg', 'prove:bygg.readall', 'PROVE:BYGG.READ'] })]),
        'MP-251',
      ],
      ['a number with its register', answer(200, [row({ consumer_org: `0192:${consumer.orgno}` })]), 'MP-251'],
      [
        'an unknown consumer',
        answer(400, { title: 'One or more', errors: { consumerOrg: ['unknown'] } }, 'application/problem+json'),
        'MP-251',
      ],
      ['an unknown supplier', answer(400, { errors: { supplierOrg: ['unknown'] } }, 'application/problem+json'), 'MP-251'],
      ['an error about something else', answer(400, { errors: { scope: ['bad'] } }, 'application/problem+json'), 'PV-501'],
      ['a refusal without a body', answer(400, ''), 'PV-501'],
      ['not authorized', answer(401, ''), 'PV-501'],
      ['forbidden', answer(403, { title: 'Not authorized for lookup' }, 'application/problem+json'), 'PV-501'],
      ['not found', answer(404, ''), 'PV-501'],
      ['a fault', answer(500, { title: 'x' }, 'application/problem+json'), 'PV-501'],
      ['a redirection', (_, response) => void response.writeHead(302, { Location: 'http://127.0.0.1/' }).end(), 'PV-501'],
      ['a page', answer(200, '<html>', 'text/html'), 'PV-501'],
      ['nothing at all', answer(200, ''), 'PV-501'],
      ['half a list', answer(200, JSON.stringify([row()]).slice(0, -1)), 'PV-501'],
      ['an object', answer(200, row()), 'PV-501'],
      ['null', answer(200, null), 'PV-501'],
      ['scopes as text', answer(200, [row({ scopes: SCOPE })]), 'PV-501'],
      ['numbers for organisations', answer(200, [row({ consumer_org: 310555037 })]), 'PV-501'],
      ['a row that is none beside a good one', answer(200, [row(), null]), 'PV-501'],
      ['a deep one', answer(200, `${'['.repeat(50_000)}${']'.repeat(50_000)}`), 'PV-501'],
      ['a huge one', answer(200, [row({ more: 'x'.repeat(300_000) })]), 'PV-501'],
    ];
    for (const [name, say, expected] of cases) {
      says(say);
      t.equal(outcome(await delegated()), expected, name);
    }
    t.match(asked[0], {
      method: 'GET',
      url: `/accessmanagement/api/v1/maskinporten/delegations/?supplierOrg=${supplier.orgno}&consumerOrg=${consumer.orgno}&scope=prove%3Abygg.read`,
      authorization: 'Bearer token-1',
    });
    t.notMatch(JSON.stringify(server.lines), /token-\d|eyJ/, 'neither token nor assertion in the log');
  },
);

t.test(
  'PV-501 a source that is slow, sends half or goes away costs a bounded time, and is tried twice where there is time',
  async (t) => {
    const { says, delegated, asked } = await hostile(t, 300);
    const slow: readonly (readonly [name: string, say: Say])[] = [
      ['no answer', () => {}],
      ['a head and nothing more', (_, response) => void response.writeHead(200).flushHeaders()],
      ['a byte now and then', (_, response) => drip(response)],
      ['a body that breaks off', (_, response) => void response.writeHead(200, { 'Content-Length': 100 }).end('[').socket?.end()],
      ['a connection that breaks', ({ socket }) => void socket.destroy()],
    ];
    for (const [name, say] of slow) {
      says(say);
      const began = performance.now();
      t.equal(outcome(await delegated()), 'PV-501', name);
      t.ok(performance.now() - began < 1_000, `${name}: ${Math.round(performance.now() - began)} ms`);
    }
    t.equal(asked.filter(({ url }) => url.includes('delegations')).length, 7, 'once each, and twice where the connection broke');
  },
);

t.test('a try that fails is made good by the second: a gateway’s refusal, a token that is refused', async (t) => {
  const { says, delegated, asked, tokens } = await hostile(t);
  for (const status of [502, 503, 504, 401]) {
    let first = true;
    says((request, response) => {
      answer(first ? status : 200, first ? '' : [row()])(request, response);
      first = false;
    });
    t.equal(outcome(await delegated()), '200', `${status}`);
  }
  t.equal(asked.length, 8);
  t.equal(tokens(), 2, 'a token is used again until it is refused');
  t.equal(asked.at(-1)?.authorization, 'Bearer token-2');
});

t.test('after five questions in vain nobody waits: 503 at once, with Retry-After, until one is let through to try', async (t) => {
  const { says, delegated, asked } = await hostile(t);
  says(answer(503, ''));
  for (let n = 0; n < 5; n++) t.equal(outcome(await delegated()), 'PV-501');
  const before = asked.length;
  says(answer(200, [row()]));
  const refusal = await delegated();
  t.equal(outcome(refusal), 'PV-501');
  t.equal(asked.length, before, 'it is not asked');
  t.match(refusal.headers.get('retry-after'), /^[1-5]$/);
});

t.test('a system user is believed only for this customer, vendor and reference (contract §7.1)', async (t) => {
  const { says, systemUser, asked } = await hostile(t);
  const user = (changes: object = {}) => ({
    ...{ id: 'a545ec84-a792-4889-b2ce-4f2b1f7cb6f1', integrationTitle: 'F', systemId: 's_f', productName: 's_f' },
    ...{ reporteeOrgNo: customer.orgno, created: '2025-11-20T09:00:00Z', isDeleted: false },
    ...{ supplierName: 'D', supplierOrgno: supplier.orgno, externalRef: customer.orgno, userType: 'standard' },
    ...changes,
  });
  const { systemId: _, ...older } = user();
  const cases: readonly (readonly [name: string, say: Say, outcome: string])[] = [
    ['the one', answer(200, user()), '200'],
    ['without a reference', answer(200, user({ externalRef: null })), '200'],
    ['of an older kind', answer(200, older), '200'],
    ['none', answer(404, ''), 'MP-303'],
    ['deleted', answer(200, user({ isDeleted: true })), 'MP-303'],
    ['another customer’s', answer(200, user({ reporteeOrgNo: owner.orgno })), 'MP-303'],
    ['another vendor’s', answer(200, user({ supplierOrgno: owner.orgno })), 'MP-303'],
    ['with another reference', answer(200, user({ externalRef: 'x' })), 'MP-303'],
    ['an id that is none', answer(200, user({ id: 'x' })), 'PV-501'],
    ['a system that is none', answer(200, user({ systemId: 'a b' })), 'PV-501'],
    ['a system that is a number', answer(200, user({ systemId: 1 })), 'PV-501'],
    ['without a customer', answer(200, user({ reporteeOrgNo: undefined })), 'PV-501'],
    ['a list', answer(200, [user()]), 'PV-501'],
    ['half', answer(200, JSON.stringify(user()).slice(0, 50)), 'PV-501'],
    ['400', answer(400, ''), 'PV-501'],
    ['401', answer(401, ''), 'PV-501'],
    ['403', answer(403, ''), 'PV-501'],
    ['500', answer(500, ''), 'PV-501'],
  ];
  for (const [name, say, expected] of cases) {
    says(say);
    const got = await systemUser();
    t.equal(outcome(got), expected, name);
    if (expected === 'MP-303') t.equal(got.body.error, 'invalid_altinn_customer_configuration', name);
  }
  const path = '/authentication/api/v1/systemuser/byExternalId';
  const query = `clientId=00000004-de30-4000-8000-${'000310555045'}&systemProviderOrgNo=${supplier.orgno}&systemUserOwnerOrgNo=${customer.orgno}`;
  t.equal(asked[0]?.url, `${path}?${query}`, 'a reference that was not sent is not asked for');
  says(answer(200, user({ externalRef: 'fisk mottak' })));
  t.equal(outcome(await systemUser('fisk mottak')), '200');
  t.equal(asked.at(-1)?.url, `${path}?${query}&externalRef=fisk+mottak`);
});

t.test(
  'T24 a consent is believed only with its id, giver, recipient and time, and its problems are told apart (contract §7.2)',
  async (t) => {
    const { says, consent, asked } = await hostile(t);
    const given = (changes: object = {}) => ({
      ...{ id: CONSENT, from: GIVER, to: URN(consumer.orgno), handledBy: null },
      ...{ consented: '2025-12-30T10:34:39.6769241+00:00', validTo: '2026-01-30T10:34:34.836+00:00' },
      consentRights: [
        { action: ['consent'], resource: [{ type: 'urn:altinn:resource', value: 'a' }], metaData: { b: 'c' }, more: 1 },
      ],
      ...changes,
    });
    const problem = (status: number, code: string, more: object = {}) =>
      answer(status, { code, ...more }, 'application/problem+json');
    const several = (...codes: string[]) => problem(500, 'STD-00001', { problems: codes.map((code) => ({ code })) });
    const cases: readonly (readonly [name: string, say: Say, outcome: string])[] = [
      ['the one', answer(200, given()), '200'],
      ['its id in capitals', answer(200, given({ id: CONSENT.toUpperCase() })), '200'],
      ['handled by the recipient', answer(200, given({ to: URN(owner.orgno), handledBy: URN(consumer.orgno) })), '200'],
      ['without rights', answer(200, given({ consentRights: [] })), '200'],
      ['another’s id', answer(200, given({ id: '00000000-0000-4000-8000-000000000000' })), 'MP-303'],
      ['another giver', answer(200, given({ from: URN(owner.orgno) })), 'MP-303'],
      ['another recipient', answer(200, given({ to: URN(owner.orgno) })), 'MP-303'],
      ['a person as recipient', answer(200, given({ to: GIVER, handledBy: URN(consumer.orgno) })), 'MP-303'],
      ['its time is over', answer(200, given({ validTo: '2025-12-31T23:59:59Z' })), 'MP-303'],
      ['its time is over now', answer(200, given({ validTo: new Date(START * 1000).toISOString() })), 'MP-303'],
      ['AM-00001', problem(404, 'AM-00001'), 'MP-303'],
      ...['AM-00011', 'AM-00012', 'AM-00013', 'AM-00014'].map((code) => [code, problem(400, code), 'MP-303'] as const),
      ['several', several('AM-00013', 'AM-00014'), 'MP-303'],
      ['several, one unknown', several('AM-00013', 'AM-00099'), 'PV-501'],
      ['several, one that an object has by nature', several('AM-00013', 'constructor'), 'PV-501'],
      ['several of none', several(), 'PV-501'],
      ['several as 400', problem(400, 'STD-00001', { problems: [{ code: 'AM-00013' }] }), 'PV-501'],
      ['a code with another status', problem(500, 'AM-00011'), 'PV-501'],
      ['a code that an object has by nature', problem(400, 'constructor'), 'PV-501'],
      ['an unknown code', problem(400, 'AM-00099'), 'PV-501'],
      ['a bare 404', answer(404, ''), 'PV-501'],
      ['a bare 500', answer(500, ''), 'PV-501'],
      ['403', answer(403, ''), 'PV-501'],
      ['a time that is none', answer(200, given({ validTo: 'later' })), 'PV-501'],
      ['a time without a zone', answer(200, given({ validTo: '2026-01-30T10:34:34' })), 'PV-501'],
      ['a time that is a number', answer(200, given({ consented: 1 })), 'PV-501'],
      ['rights that are none', answer(200, given({ consentRights: {} })), 'PV-501'],
      ['an action that is text', answer(200, given({ consentRights: [{ action: 'consent', resource: [] }] })), 'PV-501'],
      [
        'metadata that holds numbers',
        answer(200, given({ consentRights: [{ action: [], resource: [], metadata: { a: 1 } }] })),
        'PV-501',
      ],
      ['half', answer(200, JSON.stringify(given()).slice(0, 80)), 'PV-501'],
    ];
    for (const [name, say, expected] of cases) {
      says(say);
      t.equal(outcome(await consent()), expected, name);
    }
    t.match(asked[0], { method: 'POST', url: '/accessmanagement/api/v1/maskinporten/consent/lookup' });
    t.strictSame(JSON.parse(asked[0]?.body ?? ''), { id: CONSENT, from: GIVER, to: URN(consumer.orgno) });
    says(answer(200, given()));
    t.strictSame(decodeJwt(String((await consent()).body.access_token)).authorization_details, [
      {
        ...{ type: 'urn:altinn:consent', id: CONSENT, from: GIVER, to: { ...PARTY, ID: `0192:${consumer.orgno}` } },
        ...{ consented: '2025-12-30T10:34:39.6769241+00:00', validTo: '2026-01-30T10:34:34.836+00:00' },
        consentRights: [{ action: ['consent'], resource: [{ type: 'urn:altinn:resource', value: 'a' }], metadata: { b: 'c' } }],
      },
    ]);
  },
);

t.test('PV-501 a token for the look-up that is none, or is not to be had', async (t) => {
  const { server, source, delegated } = await hostile(t);
  for (const say of [
    answer(200, {}),
    answer(200, { access_token: 'a b', expires_in: 1 }),
    answer(400, { error: 'x' }),
    answer(200, 'x'),
  ]) {
    source.removeAllListeners('request').on('request', say);
    t.equal(outcome(await delegated()), 'PV-501');
  }
  t.match(server.lines.at(-1)?.fields.detail, /^annen: /);
});

/** Sends a byte every so often, until the other end has had enough. */
function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(' '), 20);
  response.on('close', () => clearInterval(timer));
}
