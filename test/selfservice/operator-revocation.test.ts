import t from 'tap';
import { makeList, revokedEntry } from '../keys/pki.ts';
import { enterpriseTrust, issuing, outcome, publisher, root, SERIAL, trusting, x5c } from '../token/enterprise.ts';
import { adminOf, items, refusedByApi, startApi } from './api.ts';

/** What is said of a CA's lists, responder, policy and registers, and what is known of its lists. Own API, operator */

const OPERATOR = ['portvakt:operator'] as const;
const PRODUCTION = { config: { environment: 'production' }, certificates: { allowPrivate: true } } as const;

function pem(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

t.test('a CA is trusted with all that is said of it, and shows it again', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const said = {
    profile: 'eidas-seal',
    organization_namespaces: ['NTRSE', 'NTRDK'],
    crl_urls: ['http://crl.example.no/a.crl', 'https://crl.example.no/b.crl'],
    ocsp_url: 'http://ocsp.example.no/?ca=1',
    revocation: 'grace',
  };
  const added = await operator.post('/operator/trust', { certificate: pem(root.der), role: 'anchor', ...said });
  t.match(added.body, said, added.text);
  const path = `/operator/trust/${added.body.id}`;
  const read = await operator.get(path);
  t.match(read.body, said);
  const tag = { 'If-Match': read.headers.get('etag') ?? '' };
  const less = { certificate: pem(root.der), role: 'anchor', revocation: 'off' };
  const changed = await operator.put(path, less, tag);
  t.match(changed.body, { revocation: 'off', crl_urls: [], organization_namespaces: [], profile: 'own-ca' });
  t.equal(changed.body.ocsp_url, undefined, 'PUT replaces');
  refusedByApi(t, await operator.put(path, less, tag), 'PV-612');
  const [record] = await api.server.storage.audit.list(1);
  t.match(
    record,
    { type: 'trust.changed', details: { before: { revocation: 'grace' }, after: { revocation: 'off' } } },
    'PV-SEC-109',
  );
});

t.test('without a word of it, revocation is required in production and off in test', async (t) => {
  for (const [wishes, expected] of [
    [{}, 'off'],
    [{ ...PRODUCTION, world: trusting([]) }, 'require'],
  ] as const) {
    const operator = await (await startApi(t, wishes)).as('operator', OPERATOR);
    const added = await operator.post('/operator/trust', { certificate: pem(root.der), role: 'anchor' });
    t.equal(added.body.revocation, expected, added.text);
  }
});

t.test(
  'PV-SEC-054 addresses are of http or https, without user and fragment; policies and registers are known ones',
  async (t) => {
    const api = await startApi(t);
    const operator = await api.as('operator', OPERATOR);
    const wish = { certificate: pem(root.der), role: 'anchor' };
    for (const [change, field] of [
      [{ crl_urls: ['ftp://crl.example.no/a'] }, 'crl_urls.0'],
      [{ crl_urls: ['file:///etc/passwd'] }, 'crl_urls.0'],
      [{ crl_urls: ['http://user:pw@crl.example.no/'] }, 'crl_urls.0'],
      [{ crl_urls: ['http://crl.example.no/#x'] }, 'crl_urls.0'],
      [{ crl_urls: [' http://crl.example.no/'] }, 'crl_urls.0'],
      [{ crl_urls: ['http:///a.crl', 'crl'] }, 'crl_urls.1'],
      [{ crl_urls: 'http://crl.example.no/' }, 'crl_urls'],
      [{ crl_urls: ['http://a.example.no/', 'http://a.example.no/'] }, 'crl_urls'],
      [{ crl_urls: Array.from({ length: 17 }, (_, n) => `http://a.example.no/${n}`) }, 'crl_urls'],
      [{ ocsp_url: 'ldap://ocsp.example.no/' }, 'ocsp_url'],
      [{ ocsp_url: `http://ocsp.example.no/${'x'.repeat(2048)}` }, 'ocsp_url'],
      [{ ocsp_url: null }, 'ocsp_url'],
      [{ revocation: 'Require' }, 'revocation'],
      [{ organization_namespaces: ['NTRXX'] }, 'organization_namespaces'],
      [{ organization_namespaces: ['NTRSE', 'NTRSE'] }, 'organization_namespaces'],
      [{ profile: 'eidas-seal' }, 'organization_namespaces'],
    ] as const)
      refusedByApi(t, await operator.post('/operator/trust', { ...wish, ...change }), 'PV-601', field);
  },
);

t.test('security §3 in production off is refused, and soft unless a setting allows it', async (t) => {
  const wish = { certificate: pem(root.der), role: 'anchor' };
  const strict = await (await startApi(t, { ...PRODUCTION, world: trusting([]) })).as('operator', OPERATOR);
  for (const revocation of ['off', 'soft'])
    refusedByApi(t, await strict.post('/operator/trust', { ...wish, revocation }), 'PV-601', 'revocation');
  t.equal(items(await strict.get('/operator/trust')).length, 0);
  const certificates = { allowPrivate: true, allowSoft: true };
  const loose = await (await startApi(t, { ...PRODUCTION, certificates, world: trusting([]) })).as('operator', OPERATOR);
  t.equal((await loose.post('/operator/trust', { ...wish, revocation: 'soft' })).status, 200);
  refusedByApi(
    t,
    await loose.post('/operator/trust', { certificate: pem(issuing.der), role: 'anchor', revocation: 'off' }),
    'PV-601',
    'revocation',
  );
});

t.test('PV-SEC-048 a CA is trusted over the API, its lists are fetched, and the first token follows', async (t) => {
  const published = await publisher(t);
  const api = await startApi(t, { ...PRODUCTION, world: trusting([]) });
  const operator = await api.as('operator', OPERATOR);
  t.equal(await outcome(api.server), 'MP-120');
  const [anchor, intermediate] = enterpriseTrust(published);
  const add = (der: Buffer, role: string, crl_urls: readonly string[]) =>
    operator.post('/operator/trust', { certificate: pem(der), role, crl_urls });
  const ids = [
    (await add(root.der, 'anchor', anchor?.crlUrls ?? [])).body.id,
    (await add(issuing.der, 'intermediate', intermediate?.crlUrls ?? [])).body.id,
  ];
  t.equal(await outcome(api.server), 'MP-120', 'require: nothing is known yet');
  for (const id of ids) {
    const [list] = items(await operator.post(`/operator/trust/${id}/refresh`));
    t.match(list, { trust_id: id, number: '1', entries: 0, next_update: '2026-01-02T00:00:00.000Z' });
  }
  t.equal(await outcome(api.server), 'token');
  published.files['/issuing.crl'] = makeList(issuing, { number: 300, revoked: [revokedEntry(SERIAL)] });
  t.match(items(await operator.post(`/operator/trust/${ids[1]}/refresh`))[0], { number: '300', entries: 1 });
  t.equal(await outcome(api.server), 'MP-120');
  published.files['/issuing.crl'] = makeList(issuing, { number: 299 });
  t.match(items(await operator.post(`/operator/trust/${ids[1]}/refresh`))[0], { number: '300', failure: /^crl_number: / });
  const lists = items(await operator.get('/operator/revocation-lists'));
  t.equal(lists.length, 2);
  t.match(
    lists.find(({ trust_id }) => trust_id === ids[1]),
    { entries: 1, failure: /^crl_number: / },
  );
});

t.test('a certificate is judged as the token endpoint would, and each sees its own clients alone (ours)', async (t) => {
  const published = await publisher(t);
  const api = await startApi(t, { ...PRODUCTION, world: trusting(enterpriseTrust(published)) });
  await api.server.elapse();
  const { clientId } = api.server.client('demo-certificate');
  const consumer = await api.as('consumer', ['idporten:dcr.read']);
  const own = await consumer.post('/certificates/check', { x5c });
  t.match(own.body, {
    ...{ accepted: true, organization: '310555037', client_amr: 'virksomhetssertifikat', revocation: 'require' },
    trust_id: 'anchor',
  });
  const ids = (answer: typeof own): unknown[] => (answer.body.clients as { client_id: string }[]).map((each) => each.client_id);
  t.ok(ids(own).includes(clientId), own.text);
  t.notOk(ids(own).includes(adminOf('consumer')), 'one with a registered key signs with that');
  const stranger = await (await api.as('owner', ['idporten:dcr.read'])).post('/certificates/check', { x5c });
  t.match(stranger.body, { accepted: true, organization: '310555037', clients: [] });
  const operator = await api.as('operator', OPERATOR);
  t.ok(ids(await operator.post('/certificates/check', { x5c })).includes(clientId));
  const wrong = await consumer.post('/certificates/check', { x5c: ['aGVp'] });
  t.match(wrong.body, { accepted: false, code: 'MP-120', rule: 'der', clients: [] });
  t.match((await consumer.post('/certificates/check', { x5c: ['*'] })).body, { accepted: false, code: 'MP-123' });
  refusedByApi(t, await consumer.post('/certificates/check', { x5c: [] }), 'PV-601', 'x5c');
  published.files['/issuing.crl'] = makeList(issuing, { number: 2, revoked: [revokedEntry(SERIAL)] });
  await operator.post('/operator/trust/intermediate/refresh');
  t.match((await consumer.post('/certificates/check', { x5c })).body, { accepted: false, code: 'MP-120', rule: 'revoked' });
});
