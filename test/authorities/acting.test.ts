import { join } from 'node:path';
import t from 'tap';
import type { AssertionOptions } from '../../fixtures/assertion.ts';
import { CONSENTS, EXTERNAL_REF, GIVER } from '../../fixtures/made-up-acting.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { OWN_REGISTER, type World } from '../../fixtures/world.ts';
import { catalogue, type FaultCode } from '../../server/core/catalogue.ts';
import { DAY } from '../../server/core/time.ts';
import { openStorage } from '../../server/storage/open.ts';
import { refused, START, startTestServer, type TestServer } from '../token/server.ts';
import { claimsOf } from './claims.ts';

const { owner, consumer, supplier, customer } = ORGANIZATIONS;
const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';

/** What a client asks for, in one of its claims or another. */
const acting = (scope: string, consumer_org: string): Partial<AssertionOptions> => ({ scope, claims: { consumer_org } });
const details = (...objects: unknown[]): Partial<AssertionOptions> => ({
  scope: OPEN,
  claims: { authorization_details: objects },
});
const party = (orgno: string) => ({ authority: 'iso6523-actorid-upis', ID: `0192:${orgno}` });
const systemUser = (orgno: string, more: object = {}) => ({
  type: 'urn:altinn:systemuser',
  systemuser_org: party(orgno),
  ...more,
});
const consent = (id: string, more: object = {}) => ({ type: 'urn:altinn:consent', id, from: GIVER, ...more });

/** A client that a supplier has made. */
const CHAINED = 'demo-certificate';

/** The issuer of a source that cannot be asked. */
const GONE = 'http://127.0.0.1:9/';

/** The made-up world with scopes of every kind: one that cannot be delegated, some of other sources, one that was withdrawn. */
function world(whole: World): World {
  const [open] = whole.scopes;
  if (!open) throw new Error('the world has scopes');
  const { delegationSource: _, ...plain } = { ...open, accessibleForAll: true };
  const scope = (subscope: string, delegationSource?: string) => ({
    ...{ ...plain, name: `prove:${subscope}`, subscope },
    ...(delegationSource !== undefined && { delegationSource }),
  });
  const added = [
    scope('lokal.read'),
    scope('annen.read', 'https://annen.example.no/'),
    scope('av.read', 'https://av.example.no/'),
    scope('borte.read', GONE),
    { ...scope('trukket.read', OWN_REGISTER), accessibleForAll: false },
  ];
  const times = { created: START, lastUpdated: START };
  return {
    ...whole,
    scopes: [...whole.scopes, ...added],
    sources: [
      { name: 'annen', issuer: 'https://annen.example.no/', kind: 'local', active: true, ...times },
      { name: 'av', issuer: 'https://av.example.no/', kind: 'local', active: false, ...times },
      {
        ...{
          name: 'borte',
          issuer: GONE,
          kind: 'altinn',
          baseUrl: GONE,
          clientId: 'x',
          keyName: 'ukjent',
          active: true,
          ...times,
        },
        ...{ cacheSeconds: 0, timeoutMs: 500 },
      },
    ],
    accesses: [...whole.accesses, { scope: 'prove:trukket.read', consumerOrgno: consumer.orgno, state: 'DENIED' }],
    clients: whole.clients.map((client) => ({
      ...{ ...client, scopes: [...client.scopes, ...added.map(({ name }) => name)] },
      ...(client.name === CHAINED && { supplierOrgno: supplier.orgno }),
    })),
  };
}

async function start(test: Parameters<typeof startTestServer>[0]): Promise<TestServer> {
  return startTestServer(test, { world });
}

type Case = {
  readonly code: FaultCode;
  readonly name: string;
  readonly by?: string;
  readonly changes: Partial<AssertionOptions>;
  readonly error?: string;
};

const NO_SYSTEM_USER = { code: 'MP-303', error: 'invalid_altinn_customer_configuration' } as const;

const CASES: readonly Case[] = [
  // Contract §6.2, row by row
  { code: 'PV-252', name: 'consumer_org is the client’s own organisation', changes: acting(CLOSED, supplier.orgno) },
  { code: 'MP-011', name: 'consumer_org has ten digits', changes: acting(CLOSED, `${consumer.orgno}0`) },
  { code: 'MP-011', name: 'consumer_org has a bad check digit', changes: acting(CLOSED, '310555038') },
  { code: 'MP-011', name: 'consumer_org has a check digit that none has', changes: acting(CLOSED, '310555070') },
  { code: 'MP-011', name: 'consumer_org carries its register', changes: acting(CLOSED, `0192:${consumer.orgno}`) },
  { code: 'MP-011', name: 'PV-SEC-020 consumer_org is empty', changes: acting(CLOSED, '') },
  { code: 'MP-011', name: 'consumer_org is a number', changes: { scope: CLOSED, claims: { consumer_org: 310555037 } } },
  {
    code: 'PV-015',
    name: 'consumer_org with iss_onbehalfof',
    changes: { scope: CLOSED, claims: { consumer_org: consumer.orgno, iss_onbehalfof: 'x' } },
  },
  { code: 'MP-251', name: 'a scope without delegation source', changes: acting('prove:lokal.read', consumer.orgno) },
  { code: 'PV-254', name: 'scopes of two delegation sources', changes: acting(`${CLOSED} prove:annen.read`, consumer.orgno) },
  { code: 'MP-250', name: 'the consumer lacks access', changes: acting(CLOSED, owner.orgno) },
  { code: 'MP-251', name: 'an open scope that nobody has delegated', changes: acting(OPEN, owner.orgno) },
  { code: 'MP-251', name: 'no delegation', changes: acting(CLOSED, customer.orgno) },
  { code: 'MP-251', name: 'a delegation for one of two scopes', changes: acting(`${CLOSED} ${OPEN}`, consumer.orgno) },
  {
    code: 'MP-250',
    name: 'a delegable scope without consumer_org: the supplier’s own access counts',
    changes: { scope: CLOSED },
  },
  { code: 'MP-251', name: 'the delegation has expired', changes: acting(OPEN, consumer.orgno) },
  { code: 'MP-251', name: 'the delegation is revoked', changes: acting(OPEN, customer.orgno) },
  { code: 'MP-250', name: 'the consumer is unknown here', changes: acting(CLOSED, '910753614') },
  { code: 'MP-251', name: 'the consumer of an open scope is unknown here', changes: acting(OPEN, '910753614') },
  { code: 'MP-251', name: 'the delegation source is switched off', changes: acting('prove:av.read', consumer.orgno) },
  {
    code: 'MP-200',
    name: 'a scope that is not on the client, and not delegated either',
    changes: acting('prove:ukjent.read', customer.orgno),
  },
  { code: 'MP-250', name: 'the consumer’s access was withdrawn', changes: acting('prove:trukket.read', consumer.orgno) },
  { code: 'PV-501', name: 'the delegation source is unavailable', changes: acting('prove:borte.read', consumer.orgno) },
  { code: 'PV-253', name: 'a chain: the client was made by a supplier', by: CHAINED, changes: acting(CLOSED, customer.orgno) },
  { code: 'PV-016', name: 'iss_onbehalfof, which is off', changes: { scope: CLOSED, claims: { iss_onbehalfof: 'x' } } },
  // Contract §7.3, row by row
  {
    code: 'MP-011',
    name: 'authorization_details is no array',
    changes: { scope: OPEN, claims: { authorization_details: systemUser(customer.orgno) } },
  },
  { code: 'MP-011', name: 'authorization_details is empty', changes: details() },
  { code: 'MP-011', name: 'authorization_details holds no objects', changes: details('urn:altinn:systemuser') },
  { code: 'MP-301', name: 'a missing type', changes: details({ systemuser_org: party(customer.orgno) }) },
  { code: 'MP-301', name: 'T23 an unknown type', changes: details({ type: 'urn:x' }) },
  {
    code: 'MP-301',
    name: 'a type in another case',
    changes: details({ ...systemUser(customer.orgno), type: 'urn:altinn:systemUser' }),
  },
  { code: 'MP-301', name: 'a type that is a number', changes: details({ ...systemUser(customer.orgno), type: 1 }) },
  { code: 'MP-301', name: 'a known and an unknown type', changes: details(systemUser(customer.orgno), { type: 'urn:x' }) },
  { code: 'MP-302', name: 'T23 a surplus member', changes: details(systemUser(customer.orgno, { external_ref: 'x' })) },
  {
    code: 'MP-302',
    name: 'the spelling of an early draft',
    changes: details({ type: 'urn:altinn:systemuser', systemuserorg: party(customer.orgno) }),
  },
  {
    code: 'MP-302',
    name: 'id for ID',
    changes: details({ type: 'urn:altinn:systemuser', systemuser_org: { ...party(customer.orgno), id: 'x' } }),
  },
  {
    code: 'MP-302',
    name: 'the recipient of a consent',
    changes: details(consent(CONSENTS.valid, { to: 'x' })),
    by: 'demo-consumer',
  },
  {
    code: 'MP-302',
    name: 'a surplus member in one of two',
    changes: details(systemUser(customer.orgno), systemUser(customer.orgno, { x: 1 })),
  },
  { code: 'MP-303', name: 'two objects', changes: details(systemUser(customer.orgno), systemUser(consumer.orgno)) },
  { code: 'MP-303', name: 'a missing systemuser_org', changes: details({ type: 'urn:altinn:systemuser' }) },
  {
    code: 'MP-303',
    name: 'systemuser_org is a string',
    changes: details({ type: 'urn:altinn:systemuser', systemuser_org: `0192:${customer.orgno}` }),
  },
  { code: 'MP-303', name: 'T23 a bad organisation number', changes: details(systemUser('310555038')) },
  {
    code: 'MP-303',
    name: 'ID is a number',
    changes: details({ type: 'urn:altinn:systemuser', systemuser_org: { ...party(customer.orgno), ID: 310555053 } }),
  },
  {
    code: 'MP-303',
    name: 'PV-SEC-021 ID without its register',
    changes: details({ type: 'urn:altinn:systemuser', systemuser_org: { ...party(customer.orgno), ID: customer.orgno } }),
  },
  {
    code: 'MP-303',
    name: 'another authority',
    changes: details({ type: 'urn:altinn:systemuser', systemuser_org: { ...party(customer.orgno), authority: 'x' } }),
  },
  { code: 'MP-303', name: 'externalRef is a number', changes: details(systemUser(customer.orgno, { externalRef: 1 })) },
  { code: 'MP-303', name: 'PV-SEC-020 externalRef is empty', changes: details(systemUser(customer.orgno, { externalRef: '' })) },
  {
    code: 'MP-303',
    name: 'PV-SEC-076 externalRef is longer than 255 characters',
    changes: details(systemUser(customer.orgno, { externalRef: 'x'.repeat(256) })),
  },
  { ...NO_SYSTEM_USER, name: 'T22 no system user of the customer', changes: details(systemUser(owner.orgno)) },
  {
    ...NO_SYSTEM_USER,
    name: 'T22 an externalRef that is only nearly right',
    changes: details(systemUser(customer.orgno, { externalRef: EXTERNAL_REF.toUpperCase() })),
  },
  {
    ...NO_SYSTEM_USER,
    name: 'T22 a client that is not on the system',
    by: 'demo-consumer',
    changes: details(systemUser(customer.orgno)),
  },
  { code: 'MP-303', name: 'a consent id that is no UUID', changes: details(consent('x')), by: 'demo-consumer' },
  {
    code: 'MP-303',
    name: 'a consent id that is a number',
    changes: details(consent(CONSENTS.valid, { id: 1 })),
    by: 'demo-consumer',
  },
  {
    code: 'MP-303',
    name: 'a consent without a giver',
    changes: details({ type: 'urn:altinn:consent', id: CONSENTS.valid }),
    by: 'demo-consumer',
  },
  {
    code: 'MP-303',
    name: 'a giver with a bad number',
    changes: details(consent(CONSENTS.valid, { from: `${GIVER.slice(0, -1)}3` })),
    by: 'demo-consumer',
  },
  {
    code: 'MP-303',
    name: 'a consent of another giver',
    changes: details(consent(CONSENTS.valid, { from: 'urn:altinn:person:identifier-no:01819010001' })),
    by: 'demo-consumer',
  },
  { code: 'MP-303', name: 'a consent that has expired', changes: details(consent(CONSENTS.expired)), by: 'demo-consumer' },
  { code: 'MP-303', name: 'a consent that was withdrawn', changes: details(consent(CONSENTS.withdrawn)), by: 'demo-consumer' },
  { code: 'MP-303', name: 'a consent for someone else', changes: details(consent(CONSENTS.forSomeoneElse)), by: 'demo-consumer' },
  {
    code: 'MP-303',
    name: 'a consent for the consumer, by a supplier in its own name',
    changes: details(consent(CONSENTS.valid)),
  },
];

t.test('each row of contract §6.2 and §7.3 has its answer', async (t) => {
  const server = await start(t);
  for (const { code, name, by = 'demo-supplier', changes, error } of CASES) {
    await t.test(`${code} ${name}`, async (t) => {
      const { status, error: usual, phrase } = catalogue[code];
      const told = { code, status, error: error ?? usual, phrase: phrase.split('{')[0] ?? '' };
      refused(t, await server.ask(await server.assertion(by, changes)), told);
    });
  }
});

t.test('T13 a delegated token names consumer, supplier and source (contract §6.1)', async (t) => {
  const server = await start(t);
  const claims = await claimsOf(server, 'demo-supplier', acting(CLOSED, consumer.orgno));
  t.strictSame(Object.keys(claims).sort(), [
    ...[
      'client_amr',
      'client_id',
      'consumer',
      'delegation_source',
      'exp',
      'iat',
      'iss',
      'jti',
      'scope',
      'supplier',
      'token_type',
    ],
  ]);
  t.match(claims, {
    consumer: party(consumer.orgno),
    supplier: party(supplier.orgno),
    delegation_source: server.issuer,
    scope: CLOSED,
  });
  const own = await claimsOf(server, 'demo-consumer', { scope: CLOSED });
  t.notOk('supplier' in own || 'delegation_source' in own, 'a consumer that acts for itself');
});

t.test('MP-251 names consumer, scope and supplier; of several scopes the one that is missing', async (t) => {
  const server = await start(t);
  const { body } = await server.ask(await server.assertion('demo-supplier', acting(`${CLOSED} ${OPEN}`, consumer.orgno)));
  t.match(
    body.error_description,
    /^Consumer 310555037 has not delegated access to the scope prove:kart\.read to supplier 310555045\. \(trace_id: /,
  );
});

t.test('a source of kind local answers for another issuer from the own register', async (t) => {
  const server = await start(t);
  const asked = acting('prove:annen.read', consumer.orgno);
  t.equal((await server.ask(await server.assertion('demo-supplier', asked))).status, 403);
  await give(server, { scopes: ['prove:annen.read'] });
  t.match(await claimsOf(server, 'demo-supplier', asked), { delegation_source: 'https://annen.example.no/' });
});

t.test('PV-SEC-073 a delegation holds from the next request on, and one that is revoked no more', async (t) => {
  const server = await start(t);
  const asked = acting(`${CLOSED} ${OPEN}`, consumer.orgno);
  const status = async () => (await server.ask(await server.assertion('demo-supplier', asked))).status;
  t.equal(await status(), 403);
  await give(server, { scopes: [OPEN] });
  t.equal(await status(), 200);
  await give(server, { scopes: [OPEN], revoked: true });
  t.equal(await status(), 403);
  await give(server, { scopes: [OPEN], validFrom: START + 1, validTo: START + 3 });
  for (const [ahead, expected] of [
    [0, 403],
    [1, 200],
    [2, 200],
    [3, 403],
  ] as const) {
    server.clock.time = START + ahead;
    t.equal(await status(), expected, `${ahead} s on`);
  }
});

t.test(
  'a consumer that is switched off lets nobody act for it: MP-250, and MP-251 for an open scope (contract §1.5, notes)',
  async (t) => {
    const server = await start(t);
    await give(server, { scopes: [OPEN] });
    const organization = await server.storage.organizations.find(consumer.orgno);
    if (!organization) return t.fail('it is registered');
    await server.storage.transaction((changes) => changes.organizations.put({ ...organization, active: false }));
    const code = async (scope: string) =>
      String((await server.ask(await server.assertion('demo-supplier', acting(scope, consumer.orgno)))).body.error_uri).slice(-6);
    t.equal(await code(CLOSED), 'MP-250');
    t.equal(await code(OPEN), 'MP-251');
  },
);

t.test(
  'a supplier that has access itself gets a token as itself without consumer_org, and says so (contract §6.2)',
  async (t) => {
    const server = await start(t);
    const access = {
      scope: CLOSED,
      consumerOrgno: supplier.orgno,
      state: 'APPROVED',
      created: START,
      lastUpdated: START,
    } as const;
    await server.storage.transaction((changes) => changes.accesses.put(access));
    const own = await claimsOf(server, 'demo-supplier', { scope: CLOSED });
    t.match(own.consumer, party(supplier.orgno));
    t.notOk('supplier' in own || 'delegation_source' in own);
    const refusal = await server.ask(await server.assertion('demo-supplier', acting(CLOSED, customer.orgno)));
    t.match(refusal.body.error_uri, /MP-251$/, 'its own access is not the customer’s delegation');
  },
);

t.test('PV-SEC-073 what another process revokes in the same store counts at the next request', async (t) => {
  const server = await start(t);
  const other = await openStorage(join(server.dataDir, 'portvakt.db'));
  const status = async () => (await server.ask(await server.assertion('demo-supplier', acting(CLOSED, consumer.orgno)))).status;
  t.equal(await status(), 200);
  const [given] = await other.delegations.list({ consumerOrgno: consumer.orgno, scope: CLOSED });
  if (!given) return t.fail('it is delegated');
  await other.transaction((changes) => changes.delegations.put({ ...given, revoked: true }));
  t.equal(await status(), 403);
  await other.transaction((changes) => changes.delegations.put({ ...given, revoked: false }));
  t.equal(await status(), 200);
  await other.close();
});

t.test('PV-SEC-038 of 20 equal requests of a supplier at once one gets a token', async (t) => {
  const server = await start(t);
  const assertion = await server.assertion('demo-supplier', acting(CLOSED, consumer.orgno));
  const answers = await Promise.all(Array.from({ length: 20 }, () => server.ask(assertion)));
  t.equal(answers.filter(({ status }) => status === 200).length, 1);
});

t.test(
  'T22 a system user: the vendor is the consumer, the customer stands in the details, the reference does not (contract §7.1)',
  async (t) => {
    const server = await start(t);
    const told = async (...objects: unknown[]) => {
      const claims = await claimsOf(server, 'demo-supplier', details(...objects));
      t.match(claims.consumer, party(supplier.orgno));
      return claims.authorization_details;
    };
    const granted = (orgno: string, id: string) => [
      {
        type: 'urn:altinn:systemuser',
        systemuser_org: party(orgno),
        systemuser_id: [id],
        system_id: `${supplier.orgno}_fiskesystem`,
      },
    ];
    t.strictSame(await told(systemUser(consumer.orgno)), granted(consumer.orgno, '0000500e-de30-4000-8000-000000000001'));
    t.strictSame(await told(systemUser(customer.orgno)), granted(customer.orgno, '0000500e-de30-4000-8000-000000000002'));
    t.strictSame(
      await told(systemUser(customer.orgno, { externalRef: EXTERNAL_REF })),
      granted(customer.orgno, 'a545ec84-a792-4889-b2ce-4f2b1f7cb6f1'),
    );
  },
);

t.test('a consent: id, giver, recipient, times and rights as they are registered (contract §7.2)', async (t) => {
  const server = await start(t);
  const given = [
    {
      type: 'urn:altinn:consent',
      id: CONSENTS.valid,
      from: GIVER,
      to: party(consumer.orgno),
      consented: '2025-12-02T00:00:00+00:00',
      validTo: '2026-01-31T00:00:00+00:00',
      consentRights: [
        {
          action: ['consent'],
          resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }],
          metadata: { inntektsaar: '2025' },
        },
      ],
    },
  ];
  t.strictSame((await claimsOf(server, 'demo-consumer', details(consent(CONSENTS.valid)))).authorization_details, given);
  t.strictSame(
    (await claimsOf(server, 'demo-consumer', details(consent(CONSENTS.valid.toUpperCase())))).authorization_details,
    given,
    'in any case',
  );
  const delegated = await claimsOf(server, 'demo-supplier', {
    scope: CLOSED,
    claims: { consumer_org: consumer.orgno, authorization_details: [consent(CONSENTS.valid)] },
  });
  t.strictSame(delegated.authorization_details, given, 'for the delegating consumer');
  t.match(delegated, { supplier: party(supplier.orgno), delegation_source: server.issuer });
  server.clock.time = START + 30 * DAY;
  t.equal(
    (await server.ask(await server.assertion('demo-consumer', details(consent(CONSENTS.valid))))).status,
    400,
    'at its end',
  );
});

t.test('with consumer_org the vendor of a system user is still the client’s organisation (contract §7.1)', async (t) => {
  const server = await start(t);
  const claims = await claimsOf(server, 'demo-supplier', {
    scope: CLOSED,
    claims: { consumer_org: consumer.orgno, authorization_details: [systemUser(customer.orgno)] },
  });
  t.match(claims, { consumer: party(consumer.orgno), authorization_details: [{ systemuser_org: party(customer.orgno) }] });
});

t.test('types that are not served are not in the metadata, and MP-301 (contract §4.1, §7.3)', async (t) => {
  const address = '/.well-known/oauth-authorization-server';
  const some = await startTestServer(t, {
    config: { authorities: { delegations: 'off', systemUsers: 'off', consents: 'local' } },
  });
  t.strictSame((await some.get(address)).body.authorization_details_types_supported, ['urn:altinn:consent']);
  const none = await startTestServer(t, {
    config: { authorities: { delegations: 'local', systemUsers: 'off', consents: 'off' } },
  });
  t.notOk('authorization_details_types_supported' in (await none.get(address)).body);
  const { body } = await none.ask(await none.assertion('demo-supplier', details(systemUser(customer.orgno))));
  t.match(body.error_uri, /MP-301$/);
  const closed = await some.ask(await some.assertion('demo-supplier', acting(CLOSED, consumer.orgno)));
  t.match(closed.body.error_uri, /MP-251$/, 'the own register is off');
});

t.test('PV-SEC-104 no person’s number of a consent gets into log or audit', async (t) => {
  const server = await start(t);
  for (const id of Object.values(CONSENTS)) await server.ask(await server.assertion('demo-consumer', details(consent(id))));
  await server.ask(await server.assertion('demo-consumer', details(consent(CONSENTS.valid, { from: `${GIVER}0` }))));
  const written = JSON.stringify([server.lines, await server.storage.audit.list(50)]);
  t.notMatch(written, /01819010192/);
  t.match(written, CONSENTS.valid, 'the consent itself is named in the audit');
});

t.test('what a supplier asked for in vain is counted, and what was refused for another reason is not', async (t) => {
  const server = await start(t);
  for (const changes of [acting(CLOSED, customer.orgno), acting(CLOSED, customer.orgno), acting(CLOSED, owner.orgno)])
    await server.ask(await server.assertion('demo-supplier', changes));
  await server.close();
  const storage = await openStorage(join(server.dataDir, 'portvakt.db'));
  t.teardown(() => storage.close());
  t.strictSame(await storage.missedDelegations.listOfSupplier(supplier.orgno), [
    { scope: CLOSED, consumerOrgno: customer.orgno, supplierOrgno: supplier.orgno, times: 2, lastAsked: START },
  ]);
});

/** Puts the one delegation of these tests. */
async function give(server: TestServer, changes: object): Promise<void> {
  const given = { id: 'given', consumerOrgno: consumer.orgno, supplierOrgno: supplier.orgno, scopes: [], revoked: false };
  await server.storage.transaction((to) => to.delegations.put({ ...given, created: START, lastUpdated: START, ...changes }));
}
