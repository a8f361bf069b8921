import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { currentValidity, enterpriseSubject, issue, makeKeyPair, makeTestCa } from '../../fixtures/test-ca.ts';
import { type ApiCaller, items, refusedByApi, startApi, type TestApi } from './api.ts';

const OPERATOR = ['portvakt:operator'] as const;

/** Another CA, and a client's certificate below it. */
async function strangers(now: number) {
  const ca = await makeTestCa({ now });
  const keys = await makeKeyPair();
  const subject = enterpriseSubject({ orgno: '310555037', name: 'Eksempel Bygg AS' });
  const leaf = issue(ca.root, { subject, publicKey: keys.publicKey, ...currentValidity(now) });
  return { ca, privateKey: keys.privateKey, x5c: [leaf.der.toString('base64')] };
}

const world = strangers(1767225600);

async function asking({ server }: TestApi): Promise<() => Promise<string>> {
  const { privateKey, x5c } = await world;
  const { clientId } = server.client('demo-certificate');
  return async () => {
    const assertion = await makeAssertion({
      ...{ clientId, audience: server.issuer, key: privateKey, x5c, now: server.clock.time },
      scope: 'prove:bygg.read',
    });
    const { status, body } = await server.ask(assertion);
    return status === 200 ? 'token' : `${body.error_uri}`.slice(-6);
  };
}

async function tagOf(caller: ApiCaller, path: string): Promise<Record<string, string>> {
  return { 'If-Match': (await caller.get(path)).headers.get('etag') ?? '' };
}

t.test('PV-SEC-048 a CA is trusted and no longer trusted without a restart, whatever was judged before', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const ask = await asking(api);
  const { ca } = await world;
  t.equal(await ask(), 'MP-120');
  const added = await operator.post('/operator/trust', { certificate: ca.root.certificate.pem, role: 'anchor' });
  t.match(added.body, { role: 'anchor', environment: 'test', profile: 'own-ca', not_after: '2032-12-30T00:00:00.000Z' });
  t.match(added.body.id, /^[0-9a-f]{64}$/);
  t.equal(await ask(), 'token');
  const path = `/operator/trust/${added.body.id}`;
  t.equal((await operator.get(path)).body.certificate, ca.root.certificate.pem.replaceAll('\r', ''));
  const gone = await operator.delete(path, await tagOf(operator, path));
  t.equal(gone.status, 200);
  t.equal(await ask(), 'MP-120');
  t.equal((await operator.get(path)).status, 404);
  const types = (await api.server.storage.audit.list(10)).map(({ type }) => type).filter((type) => type.startsWith('trust.'));
  t.same(types, ['trust.removed', 'trust.added']);
});

t.test('PUT replaces what is said of a CA and is in force at once; its certificate stays', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const ask = await asking(api);
  const { ca } = await world;
  const { body } = await operator.post('/operator/trust', { certificate: ca.root.certificate.pem, role: 'intermediate' });
  const path = `/operator/trust/${body.id}`;
  t.equal(await ask(), 'MP-120');
  refusedByApi(t, await operator.put(path, { certificate: ca.root.certificate.pem, role: 'anchor' }), 'PV-628');
  const tag = await tagOf(operator, path);
  const other = await operator.put(path, { certificate: ca.issuing.certificate.pem, role: 'anchor' }, tag);
  refusedByApi(t, other, 'PV-601', 'certificate');
  t.equal((await operator.put(path, { certificate: ca.root.certificate.pem, role: 'anchor' }, tag)).body.role, 'anchor');
  t.equal(await ask(), 'token');
  refusedByApi(t, await operator.delete(path, tag), 'PV-612');
});

t.test(
  'PV-SEC-052 a CA of the other environment, a leaf, and what is no certificate are refused, and nothing is stored',
  async (t) => {
    const api = await startApi(t);
    const operator = await api.as('operator', OPERATOR);
    const { ca, x5c } = await world;
    const before = items(await operator.get('/operator/trust')).length;
    const pem = ca.root.certificate.pem;
    const leaf = `-----BEGIN CERTIFICATE-----\n${x5c[0]}\n-----END CERTIFICATE-----`;
    const wish = { certificate: pem, role: 'anchor' };
    for (const [change, field] of [
      [{ environment: 'production' }, 'environment'],
      [{ environment: 'dev' }, 'environment'],
      [{ profile: 'norway' }, 'profile'],
      [{ role: 'leaf' }, 'role'],
      [{ role: undefined }, 'role'],
      [{ certificate: leaf }, 'certificate'],
      [{ certificate: `${pem}${pem}` }, 'certificate'],
      [{ certificate: 'hei' }, 'certificate'],
      [{ certificate: '' }, 'certificate'],
      [{ certificate: pem.slice(0, 600) }, 'certificate'],
      [{ certificate: 'x'.repeat(20_000) }, 'certificate'],
      [{ id: 'x' }, 'id'],
      [{ not_after: '2030-01-01T00:00:00Z' }, 'not_after'],
      [{ revocation: 'sometimes' }, 'revocation'],
    ] as const)
      refusedByApi(t, await operator.post('/operator/trust', { ...wish, ...change }), 'PV-601', field);
    t.equal(items(await operator.get('/operator/trust')).length, before);
    await operator.post('/operator/trust', wish);
    refusedByApi(t, await operator.post('/operator/trust', wish), 'PV-609', 'certificate');
  },
);

t.test('a dry run of a change of trust leaves everything as it was', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const ask = await asking(api);
  const { ca } = await world;
  const wish = { certificate: ca.root.certificate.pem, role: 'anchor' };
  t.equal((await operator.post('/operator/trust?dry_run=true', wish)).status, 200);
  t.equal(await ask(), 'MP-120');
});

t.test('the operator is told what may be said of a CA here, name spaces of the configuration among it', async (t) => {
  const api = await startApi(t, { certificates: { nameSpaces: [{ prefix: 'VATSE', code: '0007' }] } });
  const operator = await api.as('operator', OPERATOR);
  const { body } = await operator.get('/operator/trust-settings');
  t.match(body, { environment: 'test', profiles: ['own-ca', 'seid-2.0', 'seid-1.0', 'eidas-seal'] });
  t.same(body.organization_namespaces, ['VATSE', 'NTRNO', 'NTRSE', 'NTRDK', 'NTRFI']);
});
