import t, { type Test } from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { CONSENTS, EXTERNAL_REF, GIVER } from '../../fixtures/made-up-acting.ts';
import { makeWorld, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import type { World } from '../../fixtures/world.ts';
import { publicJwk, thumbprint } from '../../keys/thumbprint.ts';
import { START, startTestServer, type TestServer, type Wishes } from '../token/server.ts';

const { operator, owner, consumer, supplier, customer } = ORGANIZATIONS;
const SCOPE = 'prove:bygg.read';
const DELEGATIONS = '/accessmanagement/api/v1/maskinporten/delegations';
const SYSTEM_USERS = '/authentication/api/v1/systemuser/byExternalId';
const CONSENT = '/accessmanagement/api/v1/maskinporten/consent/lookup';
const SCOPES = [
  ...['altinn:maskinporten/delegations.admin', 'altinn:maskinporten/delegations'],
  ...['altinn:maskinporten/systemuser.read', 'altinn:maskinporten/consent.read'],
] as const;

const { privateKey } = await makeKeyPair();
const jwk = publicJwk(privateKey);
const kid = thumbprint(jwk);
const made = await makeWorld({ now: START });

/** Every organisation holds the scopes of the look-ups, and a client with its number for an id. */
function withCallers(world: World): World {
  const key = { kid, jwk, thumbprint: kid, alg: 'RS256' };
  return {
    ...world,
    organizations: world.organizations.map((each) => ({ ...each, adminScopes: [...SCOPES] })),
    clients: [
      ...world.clients,
      ...world.organizations.map(({ orgno }) => ({
        ...{ clientId: orgno, name: orgno, orgno, active: true, integrationType: 'maskinporten' as const },
        ...{ accessTokenLifetime: 0, scopes: SCOPES, keys: [key], details: {} },
      })),
    ],
  };
}

type Reply = { readonly status: number; readonly type: string | null; readonly text: string; readonly body: unknown };

/** A server, and calls with a token of an organisation's. */
async function start(t: Test, wishes: Wishes = {}) {
  const server = await startTestServer(t, { world: () => withCallers(made.world), ...wishes });
  const as = async (orgno: string, scope: string) => {
    const options = { clientId: orgno, audience: server.issuer, key: privateKey, kid, now: START, scope };
    const { body } = await server.ask(await makeAssertion(options));
    const headers = { Authorization: `Bearer ${String(body.access_token)}` };
    return {
      get: (path: string) => call(server, path, { headers }),
      post: (path: string, sent: unknown) =>
        call(server, path, {
          method: 'POST',
          body: typeof sent === 'string' ? sent : JSON.stringify(sent),
          headers: { ...headers, 'Content-Type': 'application/json' },
        }),
    };
  };
  return { server, as };
}

async function call(server: TestServer, path: string, init: RequestInit = {}): Promise<Reply> {
  const { status, headers, text } = await server.get(path, init);
  return { status, type: headers.get('content-type'), text, body: text === '' ? undefined : JSON.parse(text) };
}

const PROBLEM = 'application/problem+json';

t.test(
  'delegations in force are looked up by supplier, consumer and scope, in both forms of the path (contract §6.3)',
  async (t) => {
    const { as } = await start(t);
    const { get } = await as(operator.orgno, 'altinn:maskinporten/delegations.admin');
    const given = [
      {
        ...{ consumer_org: consumer.orgno, supplier_org: supplier.orgno, delegation_scheme_Id: null, scopes: [SCOPE] },
        ...{ created: '2026-01-01T00:00:00+00:00', resourceid: '0000d000-de30-4000-8000-000000000001' },
      },
    ];
    const found: readonly string[] = [
      `${DELEGATIONS}?supplierOrg=${supplier.orgno}&consumerOrg=${consumer.orgno}&scope=prove%3Abygg.read`,
      `${DELEGATIONS}/?supplierOrg=${supplier.orgno}&consumerOrg=${consumer.orgno}&scope=prove%3Abygg.read`,
      `${DELEGATIONS}?SUPPLIERORG=${supplier.orgno}&consumerorg=${consumer.orgno}`,
      `${DELEGATIONS}?supplierOrg=${supplier.orgno}`,
      `${DELEGATIONS}?consumerOrg=${consumer.orgno}`,
      `${DELEGATIONS}?scope=${SCOPE}`,
      `${DELEGATIONS.toLowerCase()}/?scope=${SCOPE}`,
    ];
    for (const path of found) {
      const { status, type, body } = await get(path);
      t.equal(status, 200, path);
      t.equal(type, 'application/json');
      t.strictSame(body, given, path);
    }
    for (const query of [
      `consumerOrg=${customer.orgno}`,
      'scope=prove:kart.read',
      'scope=prove:ukjent',
      `supplierOrg=${owner.orgno}`,
    ])
      t.strictSame((await get(`${DELEGATIONS}?${query}`)).body, [], `${query}: neither expired nor revoked ones`);
  },
);

t.test('a look-up of delegations that cannot be made is a problem (contract §6.3)', async (t) => {
  const { server, as } = await start(t);
  const { get, post } = await as(operator.orgno, 'altinn:maskinporten/delegations.admin');
  const bare = await get(DELEGATIONS);
  t.match(bare, { status: 400, type: PROBLEM, body: { status: 400, title: /scope, supplierOrg or consumerOrg/ } });
  for (const [name, value] of [
    ['supplierOrg', '310555038'],
    ['consumerOrg', '910753614'],
    ['consumerOrg', `0192:${consumer.orgno}`],
    ['supplierOrg', ''],
  ]) {
    const answer = await get(`${DELEGATIONS}?${name}=${value}&scope=${SCOPE}`);
    t.match(answer, { status: 400, type: PROBLEM, body: { errors: { [name ?? '']: [/not valid/] } } }, `${name}=${value}`);
  }
  t.match(await get(`${DELEGATIONS}?scope=a:b&Scope=a:c`), { status: 400, type: PROBLEM });
  t.match(await post(DELEGATIONS, {}), { status: 405, type: PROBLEM });
  t.match(await call(server, `${DELEGATIONS}?scope=${SCOPE}`), { status: 401, type: PROBLEM });
  const headers = { Authorization: 'Bearer eyJ' };
  t.match(await call(server, `${DELEGATIONS}?scope=${SCOPE}`, { headers }), { status: 401, type: PROBLEM });
  const other = await as(operator.orgno, 'altinn:maskinporten/consent.read');
  t.match(await other.get(`${DELEGATIONS}?scope=${SCOPE}`), { status: 403, type: PROBLEM });
});

t.test('organisations of other registers are looked up by their numbers as they are written (contract §8.1)', async (t) => {
  const { server, as } = await start(t);
  const { orgno } = ORGANIZATIONS.foreign;
  await server.storage.transaction(async (changes) => {
    const [given] = await changes.delegations.list({ scope: SCOPE });
    if (given) await changes.delegations.put({ ...given, supplierOrgno: orgno });
    const [consent] = await changes.consents.list({ toOrgno: consumer.orgno });
    if (consent) await changes.consents.put({ ...consent, toOrgno: orgno });
  });
  const delegations = await as(operator.orgno, 'altinn:maskinporten/delegations.admin');
  const answer = await delegations.get(`${DELEGATIONS}?supplierOrg=${encodeURIComponent(orgno)}&scope=${SCOPE}`);
  t.match(answer, { status: 200, body: [{ consumer_org: consumer.orgno, supplier_org: orgno }] });
  for (const wrong of ['5560000001', '0007:5560000002', '0184:24256790'])
    t.equal((await delegations.get(`${DELEGATIONS}?supplierOrg=${wrong}`)).status, 400, wrong);
  const consents = await as(operator.orgno, 'altinn:maskinporten/consent.read');
  const to = `urn:altinn:organization:identifier-no:${orgno}`;
  const [consent] = await server.storage.consents.list({ toOrgno: orgno });
  t.match(await consents.post(CONSENT, { id: consent?.id, from: consent?.from, to }), { body: { to } });
});

t.test('an owner looks up the scopes under its own prefixes, one at a time, and sees no others (contract §6.3)', async (t) => {
  const { server, as } = await start(t);
  await server.storage.transaction(async (changes) => {
    const [given] = await changes.delegations.list({ scope: SCOPE });
    if (given) await changes.delegations.put({ ...given, scopes: [SCOPE, 'annen:skriv'] });
  });
  const mine = await as(owner.orgno, 'altinn:maskinporten/delegations');
  t.match(await mine.get(`${DELEGATIONS}?scope=${SCOPE}&consumerOrg=${consumer.orgno}`), {
    status: 200,
    body: [{ scopes: [SCOPE] }],
  });
  t.strictSame(((await mine.get(`${DELEGATIONS}?scope=${SCOPE}`)).body as { scopes: string[] }[])[0]?.scopes, [SCOPE]);
  const without = 'Not authorized for lookup of delegations without specifying parameter: scope';
  t.match(await mine.get(`${DELEGATIONS}?consumerOrg=${consumer.orgno}`), {
    status: 403,
    type: PROBLEM,
    body: { title: without },
  });
  const foreign = 'Not authorized for lookup of delegations for the scope: annen:skriv';
  t.match(await mine.get(`${DELEGATIONS}?scope=annen:skriv`), { status: 403, body: { title: foreign } });
  const theirs = await as(consumer.orgno, 'altinn:maskinporten/delegations');
  t.match(await theirs.get(`${DELEGATIONS}?scope=${SCOPE}`), { status: 403, type: PROBLEM });
  const odd = await mine.get(`${DELEGATIONS}?scope=%3Cscript%3E%22`);
  t.notMatch(odd.text, /script>"|script>\\"/, 'PV-SEC-066 what cannot be a scope is not said again');
});

t.test('a system user is looked up as Altinn has it, and not found with an empty body (contract §7.1)', async (t) => {
  const { server, as } = await start(t);
  const { clientId } = server.client('demo-supplier');
  const { get } = await as(operator.orgno, 'altinn:maskinporten/systemuser.read');
  const query = `clientId=${clientId}&systemProviderOrgNo=${supplier.orgno}&systemUserOwnerOrgNo=${customer.orgno}`;
  const named = await get(`${SYSTEM_USERS}?${query}&externalRef=${EXTERNAL_REF}`);
  t.equal(named.status, 200);
  t.strictSame(named.body, {
    ...{ id: 'a545ec84-a792-4889-b2ce-4f2b1f7cb6f1', integrationTitle: 'Fiskesystem' },
    ...{ systemId: `${supplier.orgno}_fiskesystem`, productName: `${supplier.orgno}_fiskesystem` },
    ...{ reporteeOrgNo: customer.orgno, created: '2026-01-01T00:00:00+00:00', isDeleted: false },
    ...{ supplierName: supplier.name, supplierOrgno: supplier.orgno, externalRef: EXTERNAL_REF, userType: 'standard' },
  });
  t.match((await get(`${SYSTEM_USERS}/?${query.toLowerCase()}`)).body, { externalRef: customer.orgno }, 'without a reference');
  for (const missing of ['clientId', 'systemProviderOrgNo', 'systemUserOwnerOrgNo']) {
    const { status, text } = await get(`${SYSTEM_USERS}?${query.replace(new RegExp(`${missing}=[^&]*&?`), '')}`);
    t.strictSame([status, text], [400, ''], missing);
  }
  for (const [from, to] of [
    [customer.orgno, owner.orgno],
    [supplier.orgno, owner.orgno],
    [clientId, 'x'],
  ] as const) {
    const { status, text } = await get(`${SYSTEM_USERS}?${query.replace(`=${from}`, `=${to}`)}`);
    t.strictSame([status, text], [404, ''], `${from} as ${to}`);
  }
  t.match(await get(`${SYSTEM_USERS}?${query}&externalRef=x`), { status: 404, text: '' });
  const other = await as(operator.orgno, 'altinn:maskinporten/consent.read');
  t.match(await other.get(`${SYSTEM_USERS}?${query}`), { status: 403, type: PROBLEM });
});

t.test('a consent is looked up, and each way in which it cannot be used has its code (contract §7.2)', async (t) => {
  const { as } = await start(t);
  const { post, get } = await as(operator.orgno, 'altinn:maskinporten/consent.read');
  const to = `urn:altinn:organization:identifier-no:${consumer.orgno}`;
  const asked = { id: CONSENTS.valid, from: GIVER, to };
  for (const path of [CONSENT, `${CONSENT}/`]) {
    t.strictSame((await post(path, asked)).body, {
      ...{ ...asked, handledBy: null, consented: '2025-12-02T00:00:00+00:00', validTo: '2026-01-31T00:00:00+00:00' },
      consentRights: [
        {
          action: ['consent'],
          resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }],
          metadata: { inntektsaar: '2025' },
        },
      ],
    });
  }
  const refused: readonly (readonly [changes: object, status: number, code: string])[] = [
    [{ id: '00000000-0000-4000-8000-000000000000' }, 404, 'AM-00001'],
    [{ id: CONSENTS.forSomeoneElse }, 404, 'AM-00001'],
    [{ to: GIVER }, 404, 'AM-00001'],
    [{ id: CONSENTS.withdrawn }, 400, 'AM-00011'],
    [{ from: 'urn:altinn:person:identifier-no:01819010001' }, 400, 'AM-00012'],
    [{ id: CONSENTS.expired }, 400, 'AM-00013'],
    [{ id: CONSENTS.expired, from: to }, 500, 'STD-00001'],
  ];
  for (const [changes, status, code] of refused)
    t.match(
      await post(CONSENT, { ...asked, ...changes }),
      { status, type: PROBLEM, body: { code, status } },
      JSON.stringify(changes),
    );
  const several = await post(CONSENT, { ...asked, id: CONSENTS.expired, from: to });
  t.match(several.body, { problems: [{ code: 'AM-00012' }, { code: 'AM-00013' }] });
  t.notMatch(several.text, '01819010192');
  for (const body of [{}, { ...asked, id: 1 }, { ...asked, from: null }, '', '[]', '{'])
    t.match(await post(CONSENT, body), { status: 400, type: PROBLEM }, JSON.stringify(body));
  t.match(await get(CONSENT), { status: 405, type: PROBLEM });
});

t.test('an organisation that is inactive has its delegations and system users at rest in the look-ups too', async (t) => {
  const { server, as } = await start(t);
  const delegations = await as(operator.orgno, 'altinn:maskinporten/delegations.admin');
  const users = await as(operator.orgno, 'altinn:maskinporten/systemuser.read');
  const { clientId } = server.client('demo-supplier');
  const query = `clientId=${clientId}&systemProviderOrgNo=${supplier.orgno}&systemUserOwnerOrgNo=${customer.orgno}`;
  const statuses = async () => [
    ((await delegations.get(`${DELEGATIONS}?scope=${SCOPE}`)).body as unknown[]).length,
    (await users.get(`${SYSTEM_USERS}?${query}`)).status,
  ];
  t.strictSame(await statuses(), [1, 200]);
  const organization = await server.storage.organizations.find(supplier.orgno);
  if (!organization) return t.fail('it is registered');
  await server.storage.transaction((changes) => changes.organizations.put({ ...organization, active: false }));
  t.strictSame(await statuses(), [0, 404]);
});

t.test('a look-up whose register is not in use is not there', async (t) => {
  const { as } = await start(t, { config: { authorities: { delegations: 'off', systemUsers: 'annen', consents: 'off' } } });
  const { get, post } = await as(operator.orgno, 'altinn:maskinporten/delegations.admin');
  t.equal((await get(`${DELEGATIONS}?scope=${SCOPE}`)).status, 404);
  t.equal((await get(SYSTEM_USERS)).status, 404);
  t.equal((await post(CONSENT, {})).status, 404);
});
