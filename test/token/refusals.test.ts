import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, exportJWK } from 'jose';
import t from 'tap';
import { type AssertionOptions, signRaw } from '../../fixtures/assertion.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import {
  type Certificate,
  currentValidity,
  enterpriseSubject,
  issue,
  makeTestCa,
  pastValidity,
  type TestCa,
} from '../../fixtures/test-ca.ts';
import { catalogue, type FaultCode } from '../../server/core/catalogue.ts';
import { refused, START, startTestServer, type TestServer, type Wishes } from './server.ts';

const kart = { scope: 'prove:kart.read' };
const bygg = { scope: 'prove:bygg.read' };

/** One fault each, in an otherwise good assertion of demo-consumer; the contract's table §1.5 and its notes. */
type Case = {
  readonly code: FaultCode;
  readonly name: string;
  readonly by?: string;
  readonly changes: Partial<AssertionOptions>;
};

const claim = (claims: Record<string, unknown>): Partial<AssertionOptions> => ({ ...kart, claims });
const header = (members: Record<string, unknown>): Partial<AssertionOptions> => ({ ...kart, header: members });

const cases: readonly Case[] = [
  // Form of the header: contract §1.3, PV-SEC-008, 010, 015
  ...['none', 'HS256', 'ES256', 'PS256', 'EdDSA', 'rs256', '', 'RS256 '].map((alg) => ({
    code: 'MP-011' as const,
    name: `PV-SEC-010 alg ${JSON.stringify(alg)}`,
    changes: header({ alg }),
  })),
  { code: 'MP-011', name: 'PV-SEC-010 no alg', changes: header({ alg: undefined }) },
  { code: 'MP-011', name: 'PV-SEC-010 alg an array', changes: header({ alg: ['RS256'] }) },
  { code: 'MP-011', name: 'PV-SEC-008 crit', changes: header({ crit: ['exp'] }) },
  { code: 'MP-011', name: 'PV-SEC-008 crit, empty', changes: header({ crit: [] }) },
  { code: 'MP-011', name: 'PV-SEC-008 b64', changes: header({ b64: true }) },
  { code: 'MP-011', name: 'PV-SEC-008 zip', changes: header({ zip: 'DEF' }) },
  { code: 'MP-011', name: 'PV-SEC-008 enc', changes: header({ enc: 'A128GCM' }) },
  { code: 'MP-011', name: 'PV-SEC-015 typ at+jwt', changes: header({ typ: 'at+jwt' }) },
  { code: 'MP-011', name: 'PV-SEC-015 typ dpop+jwt', changes: header({ typ: 'dpop+jwt' }) },
  { code: 'MP-011', name: 'PV-SEC-015 typ a number', changes: header({ typ: 1 }) },
  { code: 'MP-011', name: 'kid a number', changes: header({ kid: 1 }) },
  { code: 'MP-011', name: 'PV-SEC-006 constructor in the header', changes: header({ constructor: 1 }) },
  // Claim types: contract §1.4, PV-SEC-016, 023
  ...['iss', 'aud', 'scope', 'iat', 'exp'].map((name) => ({
    code: 'MP-011' as const,
    name: `no ${name}`,
    changes: claim({ [name]: undefined }),
  })),
  ...[
    'iss',
    'aud',
    'scope',
    'iat',
    'exp',
    'nbf',
    'jti',
    'sub',
    'pid',
    'consumer_org',
    'iss_onbehalfof',
    'resource',
    'authorization_details',
  ].flatMap((name) => [
    { code: 'MP-011' as const, name: `${name} null`, changes: claim({ [name]: null }) },
    { code: 'MP-011' as const, name: `${name} an object`, changes: claim({ [name]: {} }) },
    { code: 'MP-011' as const, name: `${name} true`, changes: claim({ [name]: true }) },
  ]),
  ...['iat', 'exp', 'nbf'].flatMap((name) => [
    { code: 'MP-011' as const, name: `PV-SEC-023 ${name} a string`, changes: claim({ [name]: `${START + 60}` }) },
    { code: 'MP-011' as const, name: `PV-SEC-023 ${name} negative`, changes: claim({ [name]: -1 }) },
    { code: 'MP-011' as const, name: `PV-SEC-023 ${name} beyond 2^53`, changes: claim({ [name]: 2 ** 53 }) },
  ]),
  { code: 'MP-011', name: 'iss a number', changes: claim({ iss: 1 }) },
  { code: 'MP-011', name: 'aud with a number', changes: claim({ aud: [1] }) },
  { code: 'MP-011', name: 'scope empty', changes: claim({ scope: '' }) },
  { code: 'MP-011', name: 'scope of spaces', changes: claim({ scope: '  ' }) },
  { code: 'MP-011', name: 'scope an array', changes: claim({ scope: ['prove:kart.read'] }) },
  { code: 'MP-011', name: 'PV-SEC-033 jti empty', changes: claim({ jti: '' }) },
  { code: 'MP-011', name: 'PV-SEC-033 jti of 256 characters', changes: claim({ jti: 'x'.repeat(256) }) },
  { code: 'MP-011', name: 'PV-SEC-006 prototype in the claims', changes: claim({ prototype: 1 }) },
  { code: 'MP-011', name: 'resource empty array', changes: claim({ resource: [] }) },
  { code: 'MP-011', name: 'resource with a number', changes: claim({ resource: ['https://a.example/', 1] }) },
  { code: 'MP-011', name: 'authorization_details empty', changes: claim({ authorization_details: [] }) },
  { code: 'MP-011', name: 'authorization_details of strings', changes: claim({ authorization_details: ['x'] }) },
  { code: 'MP-011', name: 'authorization_details an object', changes: claim({ authorization_details: { type: 'x' } }) },
  { code: 'PV-014', name: 'T9 an unknown claim', changes: claim({ foo: 1 }) },
  { code: 'PV-014', name: 'consumer_orgno is an unknown claim', changes: claim({ consumer_orgno: '310555053' }) },
  {
    code: 'PV-015',
    name: 'PV-SEC-020 consumer_org with iss_onbehalfof',
    changes: claim({ consumer_org: '310555053', iss_onbehalfof: 'x' }),
  },
  { code: 'PV-016', name: 'iss_onbehalfof', changes: claim({ iss_onbehalfof: 'x' }) },
  // The client and the audience: no. 5 and 6
  { code: 'MP-100', name: 'an unknown client', changes: claim({ iss: '00000000-0000-4000-8000-000000000000' }) },
  { code: 'MP-100', name: 'a client id in other case', changes: claim({ iss: 'CLIENT' }) },
  { code: 'MP-100', name: 'an inactive client', by: 'demo-disabled', changes: kart },
  { code: 'MP-110', name: 'PV-SEC-017 aud the token endpoint', changes: claim({ aud: 'ISSUERtoken' }) },
  { code: 'MP-110', name: 'PV-SEC-017 aud without its slash', changes: claim({ aud: 'ISSUER-' }) },
  { code: 'MP-110', name: 'PV-SEC-017 two audiences', changes: claim({ aud: ['ISSUER', 'https://other.example/'] }) },
  { code: 'MP-110', name: 'PV-SEC-017 the issuer twice', changes: claim({ aud: ['ISSUER', 'ISSUER'] }) },
  { code: 'MP-110', name: 'PV-SEC-017 no audience in the array', changes: claim({ aud: [] }) },
  { code: 'MP-110', name: 'PV-SEC-017 aud empty', changes: claim({ aud: '' }) },
  // Keys and certificates: no. 7 to 12
  { code: 'PV-125', name: 'T20 an unknown kid', changes: header({ kid: 'other' }) },
  { code: 'PV-125', name: 'an empty kid', changes: header({ kid: '' }) },
  {
    code: 'PV-125',
    name: 'kid of a client without keys',
    by: 'demo-certificate',
    changes: header({ x5c: undefined, kid: 'any' }),
  },
  { code: 'PV-126', name: 'T20 x5c by a client with keys', changes: header({ kid: undefined, x5c: ['AAAA'] }) },
  { code: 'PV-127', name: 'PV-SEC-009 neither kid nor x5c', changes: header({ kid: undefined }) },
  { code: 'PV-128', name: 'PV-SEC-009 kid and x5c', changes: header({ x5c: ['AAAA'] }) },
  { code: 'PV-129', name: 'PV-SEC-011 alg not the registered key’s', changes: { ...kart, alg: 'RS512' } },
  { code: 'MP-121', name: 'T21 a key past its end', by: 'demo-expired-key', changes: kart },
  ...[
    null,
    'AAAA',
    '',
    [],
    {},
    1,
    [1],
    [''],
    ['*'],
    ['AB=='],
    ['AAAA', null],
    ['-----BEGIN CERTIFICATE-----'],
    Array(6).fill('AAAA'),
    ['A'.repeat(10924)],
  ].map((x5c, place) => ({
    code: 'MP-123' as const,
    name: `PV-SEC-040 x5c syntax ${place}`,
    by: 'demo-certificate',
    changes: header({ x5c }),
  })),
  { code: 'MP-120', name: 'x5c that is no certificate', by: 'demo-certificate', changes: header({ x5c: ['AAAA'] }) },
  { code: 'MP-120', name: 'an expired certificate', by: 'demo-expired-certificate', changes: kart },
  { code: 'MP-130', name: 'exp passed', changes: claim({ iat: START - 60, exp: START }) },
  { code: 'MP-130', name: 'long expired', changes: claim({ iat: START - 86400, exp: START - 86300 }) },
  { code: 'PV-132', name: 'T5 lives for 121 seconds', changes: claim({ iat: START, exp: START + 121 }) },
  { code: 'PV-132', name: 'exp equals iat', changes: claim({ iat: START + 5, exp: START + 5 }) },
  { code: 'PV-132', name: 'exp before iat', changes: claim({ iat: START + 9, exp: START + 5 }) },
  { code: 'PV-131', name: 'T6 issued 11 seconds ahead', changes: claim({ iat: START + 11, exp: START + 60 }) },
  { code: 'PV-133', name: 'nbf 11 seconds ahead', changes: claim({ nbf: START + 11 }) },
  // Scopes: no. 16 and 17
  { code: 'MP-200', name: 'T11 a scope not on the client', changes: { scope: 'prove:ukjent.read' } },
  {
    code: 'MP-200',
    name: 'PV-SEC-071 one good scope and one not on the client',
    changes: { scope: 'prove:kart.read prove:ukjent.read' },
  },
  { code: 'MP-200', name: 'PV-SEC-019 a scope twice', changes: { scope: 'prove:kart.read prove:kart.read' } },
  { code: 'MP-200', name: 'PV-SEC-019 a scope with a quote', changes: { scope: 'prove:"x"' } },
  { code: 'MP-200', name: 'PV-SEC-019 a scope outside ASCII', changes: { scope: 'prøve:kart.read' } },
  {
    code: 'MP-200',
    name: 'PV-SEC-019 101 scopes',
    changes: { scope: Array.from({ length: 101 }, (_, i) => `prove:s${i}`).join(' ') },
  },
  // Values: no. 18 to 22
  ...['01819010002', '0181901000', '018190100010', '', 'abcdefghijk'].map((pid) => ({
    code: 'MP-011' as const,
    name: `PV-SEC-081 pid ${JSON.stringify(pid)}`,
    changes: claim({ pid }),
  })),
  ...[
    '',
    'a',
    '/x',
    '//a.example',
    'https://',
    'https://a.example/#x',
    'https://a.example/ x',
    'https://a.example/%zz',
    'https://å.example/',
    'http://a b/',
  ].map((resource) => ({
    code: 'MP-011' as const,
    name: `PV-SEC-075 resource ${JSON.stringify(resource)}`,
    changes: claim({ resource }),
  })),
  ...['310555070', '310555038', '0192:310555053', '', '31055505', 'abcdefghi', '310555053 '].map((consumer_org) => ({
    code: 'MP-011' as const,
    name: `T15 PV-SEC-021 consumer_org ${JSON.stringify(consumer_org)}`,
    changes: claim({ consumer_org }),
  })),
  { code: 'PV-252', name: 'T14 consumer_org the client’s own', changes: claim({ consumer_org: '310555037' }) },
  { code: 'MP-250', name: 'T12 no access to a closed scope', by: 'demo-supplier', changes: bygg },
  { code: 'MP-250', name: 'consumer_org without access', changes: { ...bygg, claims: { consumer_org: '310555061' } } },
  { code: 'MP-250', name: 'consumer_org unknown here', changes: { ...bygg, claims: { consumer_org: '910753614' } } },
  {
    code: 'MP-251',
    name: 'consumer_org with access, who has not delegated',
    by: 'demo-supplier',
    changes: { ...bygg, claims: { consumer_org: '310555053' } },
  },
  { code: 'MP-251', name: 'consumer_org and an open scope', changes: { ...kart, claims: { consumer_org: '910753614' } } },
  {
    code: 'MP-301',
    name: 'T23 authorization_details of a type not served',
    changes: claim({ authorization_details: [{ type: 'urn:x' }] }),
  },
  { code: 'MP-301', name: 'authorization_details without type', changes: claim({ authorization_details: [{}, {}] }) },
];

/** The issuer hangs on the port, so the table names it ISSUER; `ISSUER-` is without its slash. */
function withIssuer(changes: Partial<AssertionOptions>, issuer: string): Partial<AssertionOptions> {
  const put = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(put);
    return typeof value === 'string' ? value.replace('ISSUER-', issuer.slice(0, -1)).replace('ISSUER', issuer) : value;
  };
  const { aud } = changes.claims ?? {};
  return aud === undefined ? changes : { ...changes, claims: { ...changes.claims, aud: put(aud) } };
}

t.test('each fault in an otherwise good assertion has its documented answer (contract §1.5)', async (t) => {
  const server = await startTestServer(t);
  for (const { code, name, by = 'demo-consumer', changes } of cases) {
    await t.test(`${code} ${name}`, async (t) => {
      const answer = await server.ask(await server.assertion(by, withIssuer(changes, server.issuer)));
      refused(t, answer, expectation(code));
    });
  }
});

/** What the catalogue promises of a code; its phrase up to the first place for a value. */
function expectation(code: FaultCode): { code: string; status: number; error: string; phrase: string } {
  const { status, error, phrase } = catalogue[code];
  return { code, status, error, phrase: phrase.split('{')[0] ?? '' };
}

t.test('the words that clients look for are Maskinporten’s (contract §3.2)', async (t) => {
  const server = await startTestServer(t);
  const says = async (by: string, changes: Partial<AssertionOptions>) =>
    (await server.ask(await server.assertion(by, changes))).body.error_description;
  t.match(await says('demo-expired-key', kart), 'Invalid assertion. Client authentication failed. Expired key.');
  t.match(
    await says('demo-consumer', header({ kid: 'x' })),
    'Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client.',
  );
  t.match(
    await says('demo-consumer', { scope: 'prove:ukjent.read' }),
    'Token request contains invalid scopes for client, prove:ukjent.read (trace_id:',
  );
  t.match(await says('demo-supplier', bygg), 'Consumer has not been granted access to the scope prove:bygg.read');
  t.match(
    await says('demo-supplier', { ...bygg, claims: { consumer_org: '310555053' } }),
    'Consumer 310555053 has not delegated access to the scope prove:bygg.read to supplier 310555045.',
  );
  t.match(await says('demo-consumer', claim({ foo: 1 })), 'Unknown claim foo (trace_id');
  t.match(await says('demo-consumer', claim({ iat: START, exp: START + 121 })), 'The lifetime exp - iat is 121 seconds');
});

t.test('PV-SEC-066 what has no grammar of its own is never echoed', async (t) => {
  const server = await startTestServer(t);
  const canary = '<script>canary</script>';
  for (const changes of [
    claim({ [canary]: 1 }),
    claim({ iss: canary }),
    claim({ aud: canary }),
    { scope: `prove:"${canary}` },
    claim({ consumer_org: canary }),
    claim({ pid: canary }),
    header({ kid: canary }),
  ]) {
    const answer = await server.ask(await server.assertion('demo-consumer', changes));
    t.equal(answer.status, 400);
    t.notOk(answer.text.includes('canary'), answer.text);
    t.notOk(JSON.stringify(server.lines).includes('canary'), 'nor logged');
  }
});

t.test('PV-SEC-001 PV-SEC-002 what is not three parts of canonical base64url is MP-011', async (t) => {
  const server = await startTestServer(t);
  const good = await server.assertion('demo-consumer', kart);
  const [head = '', body = '', signature = ''] = good.split('.');
  const broken = [
    ...[
      'x',
      '.',
      '..',
      '...',
      `${head}.${body}`,
      `${head}.${body}.`,
      `.${body}.${signature}`,
      `${head}..${signature}`,
      `${good}.`,
      `${good}.${head}.${body}`,
    ],
    ...[
      `${good}=`,
      `${good}\n`,
      ` ${good}`,
      `${head}\r\n.${body}.${signature}`,
      `${head}=.${body}.${signature}`,
      `${good}A`,
      good.replaceAll('.', '%2E'),
    ],
    JSON.stringify({ payload: body, signatures: [{ protected: head, signature }] }),
    `${head}.${body}.${signature.slice(0, -1)}${signature.endsWith('A') ? 'B' : String.fromCharCode(signature.charCodeAt(signature.length - 1) + 1)}`,
    'a'.repeat(40_000),
  ];
  for (const assertion of broken) {
    const answer = await server.ask(assertion);
    t.ok(
      ['MP-011', 'MP-124'].includes(String(answer.body.error_uri).split('/').pop() ?? ''),
      `${assertion.slice(0, 30)} ${answer.text}`,
    );
    t.equal(answer.status, 400);
  }
  t.equal((await server.ask(good)).status, 200, 'and none of them spent the good one');
});

t.test('PV-SEC-003 PV-SEC-004 PV-SEC-007 header and payload are one JSON object each, within bounds', async (t) => {
  const server = await startTestServer(t);
  const { key, kid, clientId } = server.client('demo-consumer');
  const head = JSON.stringify({ alg: 'RS256', kid });
  const payload = (more = '') =>
    `{"iss":"${clientId}","aud":"${server.issuer}","scope":"prove:kart.read","iat":${START},"exp":${START + 60}${more}}`;
  t.equal((await server.ask(signRaw(head, payload(), key))).status, 200, 'the pattern of the rest is good');
  const broken: readonly (readonly [string | Buffer, string | Buffer])[] = [
    [head, payload(`,"exp":${START + 60}`)],
    [head, payload(',"resource":["https://a.example/"],"\\u0072esource":"https://b.example/"')],
    [`{"alg":"RS256","alg":"RS256","kid":"${kid}"}`, payload()],
    [head, `${payload()} `.replace(/ $/, '{}')],
    [head, `[${payload()}]`],
    [head, Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(payload())])],
    [head, Buffer.from(payload(',"jti":"\xe6"'), 'latin1')],
    [head, payload(`,"jti":"${'x'.repeat(17_000)}"`)],
    [`{"alg":"RS256","kid":"${kid}","x":"${'x'.repeat(25_000)}"}`, payload()],
    [head, payload(`,"authorization_details":[${'['.repeat(20)}${']'.repeat(20)}]`)],
    [head, payload(`,"resource":[${Array(65).fill('"https://a.example/"').join(',')}]`)],
  ];
  for (const [first, second] of broken) {
    refused(t, await server.ask(signRaw(first, second, key)), expectation('MP-011'));
  }
});

t.test(
  'MP-124 a signature of another key, over other content, or of no key at all is refused, and spends nothing (PV-SEC-034)',
  async (t) => {
    const server = await startTestServer(t);
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
    const good = await server.assertion('demo-consumer', { ...kart, jti: 'kept' });
    refused(
      t,
      await server.ask(await server.assertion('demo-consumer', { ...kart, jti: 'kept', key: stranger })),
      expectation('MP-124'),
    );
    const [head, , signature] = good.split('.');
    const other = (await server.assertion('demo-consumer', { ...kart, jti: 'other' })).split('.')[1];
    refused(t, await server.ask(`${head}.${other}.${signature}`), expectation('MP-124'));
    refused(t, await server.ask(`${good.split('.').slice(0, 2).join('.')}.${'A'.repeat(342)}`), expectation('MP-124'));
    t.equal((await server.ask(good)).status, 200);
  },
);

t.test('MP-122 T19 a certificate of another organisation than the client’s', async (t) => {
  const server = await startTestServer(t);
  const { key } = server.client('demo-certificate');
  const other = issue(server.ca.issuing, {
    subject: enterpriseSubject(ORGANIZATIONS.supplier),
    publicKey: createPublicKey(key),
    ...currentValidity(START),
  });
  const x5c = [other.der.toString('base64')];
  refused(t, await server.ask(await server.assertion('demo-certificate', { ...kart, x5c })), expectation('MP-122'));
});

t.test('MP-120 a certificate that strangers issued, whatever it says and whatever is sent with it', async (t) => {
  const server = await startTestServer(t);
  const { key } = server.client('demo-certificate');
  const stranger = await makeTestCa({ now: START });
  const leaf = issue(stranger.issuing, {
    subject: enterpriseSubject(ORGANIZATIONS.consumer),
    publicKey: createPublicKey(key),
    ...currentValidity(START),
  });
  const chain = [leaf, stranger.issuing.certificate, stranger.root.certificate].map(({ der }) => der.toString('base64'));
  for (const x5c of [chain.slice(0, 1), chain.slice(0, 2), chain]) {
    refused(t, await server.ask(await server.assertion('demo-certificate', { ...kart, x5c })), expectation('MP-120'));
  }
});

t.test('PV-SEC-058 a registered key that is bound to a certificate is usable only while the certificate is', async (t) => {
  const stranger = await makeTestCa({ now: START });
  const bind = async (make: (ca: TestCa, publicKey: KeyObject) => Certificate) =>
    startTestServer(t, {
      world: (world, ca) => ({
        ...world,
        clients: world.clients.map((client) => ({
          ...client,
          keys: client.keys.map((key) => {
            const publicKey = createPublicKey({ key: { ...key.jwk }, format: 'jwk' });
            return { ...key, x5c: [make(ca, publicKey).der.toString('base64')] };
          }),
        })),
      }),
    });
  const subject = enterpriseSubject(ORGANIZATIONS.consumer);
  const good = await bind((ca, publicKey) => issue(ca.issuing, { subject, publicKey, ...currentValidity(START) }));
  const answer = await good.ask(await good.assertion('demo-consumer', kart));
  t.equal(answer.status, 200, answer.text.slice(0, 200));
  t.equal(decodeJwt(String(answer.body.access_token)).client_amr, 'private_key_jwt', 'contract §2.4');
  const ended = await bind((ca, publicKey) => issue(ca.issuing, { subject, publicKey, ...pastValidity(START) }));
  refused(t, await ended.ask(await ended.assertion('demo-consumer', kart)), expectation('MP-120'));
  const foreign = await bind((_, publicKey) => issue(stranger.issuing, { subject, publicKey, ...currentValidity(START) }));
  refused(t, await foreign.ask(await foreign.assertion('demo-consumer', kart)), expectation('MP-120'));
  const supplier = enterpriseSubject(ORGANIZATIONS.supplier);
  const others = await bind((ca, publicKey) => issue(ca.issuing, { subject: supplier, publicKey, ...currentValidity(START) }));
  refused(t, await others.ask(await others.assertion('demo-consumer', kart)), expectation('MP-122'));
});

t.test('PV-SEC-073 a client that a supplier made ends with the supplier, too', async (t) => {
  const server = await startTestServer(t, {
    world: (world) => ({
      ...world,
      organizations: world.organizations.map((each) => ({ ...each, active: each.orgno !== ORGANIZATIONS.supplier.orgno })),
      clients: world.clients.map((client) => ({ ...client, supplierOrgno: ORGANIZATIONS.supplier.orgno })),
    }),
  });
  refused(t, await server.ask(await server.assertion('demo-consumer', kart)), expectation('MP-100'));
});

t.test('PV-SEC-104 a person’s number reaches no log, wherever in an assertion it stands', async (t) => {
  const server = await startTestServer(t);
  const person = '01819010001';
  for (const changes of [
    claim({ [person]: 1 }),
    { scope: person },
    claim({ consumer_org: person }),
    claim({ pid: `${person}0` }),
  ]) {
    t.equal((await server.ask(await server.assertion('demo-consumer', changes))).status, 400);
  }
  t.notOk(JSON.stringify(server.lines).includes(person));
});

t.test('MP-124 a certificate whose key did not sign', async (t) => {
  const server = await startTestServer(t);
  const { key } = server.client('demo-consumer');
  refused(t, await server.ask(await server.assertion('demo-certificate', { ...kart, key })), expectation('MP-124'));
});

t.test(
  'MP-200 a scope that is inactive or unknown, MP-201 one closed to the client’s kind: on the client all the same',
  async (t) => {
    const server = await startTestServer(t, {
      world: (world) => ({
        ...world,
        clients: world.clients.map((client) => ({ ...client, scopes: world.scopes.map(({ name }) => name) })),
      }),
    });
    const closed = (await server.storage.scopes.list()).find(
      ({ allowedIntegrationTypes: types }) => types.length > 0 && !types.includes('maskinporten'),
    );
    const inactive = (await server.storage.scopes.list()).find(({ active }) => !active);
    refused(t, await server.ask(await server.assertion('demo-consumer', { scope: closed?.name ?? '' })), expectation('MP-201'));
    refused(t, await server.ask(await server.assertion('demo-consumer', { scope: inactive?.name ?? '' })), expectation('MP-200'));
  },
);

t.test(
  'MP-250 an access that is requested or denied, or of an inactive organisation, opens nothing (contract §5.5.3)',
  async (t) => {
    for (const state of ['REQUESTED', 'DENIED'] as const) {
      const server = await startTestServer(t, {
        world: (world) => ({ ...world, accesses: world.accesses.map((access) => ({ ...access, state })) }),
      });
      refused(t, await server.ask(await server.assertion('demo-consumer', bygg)), expectation('MP-250'));
    }
  },
);

t.test('MP-100 a client whose organisation is inactive or whose kind is not served here', async (t) => {
  const wishes: Wishes[] = [
    {
      world: (world) => ({
        ...world,
        organizations: world.organizations.map((organization) => ({ ...organization, active: false })),
      }),
    },
    { settings: { integrationTypes: ['krr'] } },
  ];
  for (const wish of wishes) {
    const server = await startTestServer(t, wish);
    refused(t, await server.ask(await server.assertion('demo-consumer', kart)), expectation('MP-100'));
  }
});

t.test(
  'PV-253 consumer_org from a client that a supplier made, PV-254 scopes of two delegation sources (contract §6.2)',
  async (t) => {
    const server = await startTestServer(t, {
      world: (world) => ({
        ...world,
        clients: world.clients.map((client) =>
          client.name === 'demo-certificate' ? { ...client, supplierOrgno: '310555045' } : client,
        ),
        scopes: world.scopes.map((scope) => ({ ...scope, delegationSource: `https://${scope.name.replace(':', '.')}/` })),
      }),
    });
    refused(
      t,
      await server.ask(await server.assertion('demo-certificate', { ...kart, claims: { consumer_org: '310555053' } })),
      expectation('PV-253'),
    );
    const both = { scope: 'prove:kart.read prove:bygg.read', claims: { consumer_org: '310555053' } };
    refused(t, await server.ask(await server.assertion('demo-supplier', both)), expectation('PV-254'));
  },
);

t.test('PV-SEC-013 a registered key that breaks the key policy verifies nothing, however it came into the store', async (t) => {
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const jwk = await exportJWK(small.publicKey);
  const server = await startTestServer(t, {
    world: (world) => ({
      ...world,
      clients: world.clients.map((client) => ({
        ...client,
        keys: client.keys.map((key) => ({ ...key, jwk: { kty: 'RSA', n: jwk.n, e: jwk.e }, thumbprint: 'small' })),
      })),
    }),
  });
  const { privateKey: key } = small;
  refused(t, await server.ask(await server.assertion('demo-consumer', { ...kart, key })), expectation('MP-124'));
});

t.test('PV-SEC-066 uniform_errors folds what tells of clients and keys into MP-100', async (t) => {
  const server = await startTestServer(t, { settings: { uniformErrors: true } });
  const asked: [string, Partial<AssertionOptions>][] = [
    ['demo-consumer', header({ kid: 'other' })],
    ['demo-consumer', header({ kid: undefined })],
    ['demo-expired-key', kart],
    ['demo-expired-certificate', kart],
    ['demo-disabled', kart],
  ];
  for (const [by, changes] of asked) refused(t, await server.ask(await server.assertion(by, changes)), expectation('MP-100'));
});

t.test('PV-SEC-009 where the operator lets kid win, x5c beside it is not even decoded', async (t) => {
  const server = await startTestServer(t, { settings: { kidWinsOverX5c: true } });
  t.equal((await server.ask(await server.assertion('demo-consumer', header({ x5c: 'garbage' })))).status, 200);
});

t.test('a missing jti is MP-011 where the operator demands one', async (t) => {
  const server = await startTestServer(t, { settings: { requireJti: true } });
  refused(t, await server.ask(await server.assertion('demo-consumer', claim({ jti: undefined }))), expectation('MP-011'));
});

t.test('the order of the checks is the contract’s: of two faults the earlier is told (contract §1.5)', async (t) => {
  const server: TestServer = await startTestServer(t);
  const told = async (changes: Partial<AssertionOptions>, by = 'demo-consumer') => {
    const { body } = await server.ask(await server.assertion(by, changes));
    return String(body.error_uri).split('/').pop();
  };
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { iss: 'nobody', foo: 1 } }), 'PV-014');
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { iss: 'nobody', aud: 'wrong' } }), 'MP-100');
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { aud: 'wrong' }, header: { kid: 'wrong' } }), 'MP-110');
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { exp: START - 1 } }, 'demo-expired-key'), 'MP-121');
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { iat: START - 300, exp: START - 1 } }), 'MP-130');
  t.equal(await told({ scope: 'prove:ukjent.read', claims: { pid: '1', consumer_org: '1' } }), 'MP-200');
});
