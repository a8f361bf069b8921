import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text as allOf } from 'node:stream/consumers';
import t from 'tap';
import { type AssertionOptions, signRaw } from '../../fixtures/assertion.ts';
import { CONSENTS, GIVER } from '../../fixtures/made-up-acting.ts';
import { devConfig } from '../../server/config.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { keyFolders } from '../../server/foundations.ts';
import { createLog } from '../../server/telemetry/log.ts';
import { type Answer, startTestServer } from '../token/server.ts';
import { type Canary, filesOf, found, shapesOf, shapesOfBytes } from './canaries.ts';
import { record, recorded, spanText } from './recording.ts';
import { operations, WATCHED } from './watched.ts';

const SCOPE = 'prove:bygg.read';
const OPEN = 'prove:kart.read';
/** Numbers of persons that do not exist: the months of synthetic ones are 80 ahead. */
const PERSON = '01819010001';
const GIVER_NUMBER = GIVER.slice(-11);

record();
const log: string[] = [];
const server = await startTestServer(t, {
  config: { operations: { ...WATCHED, logTokens: true } },
  log: createLog('info', (line) => log.push(line)),
});

const canaries: Canary[] = [];
const sent: string[] = [];
const answers: { readonly request: string; readonly answer: string }[] = [];

/** A text that shows in which place it was sent. */
function canary(what: string): string {
  const text = `canary${randomBytes(16).toString('hex')}`;
  canaries.push(...shapesOf(what, text));
  return text;
}

/** Keeps what anybody could read of an answer; of a token, all but the token itself, which is a secret from now on. */
function keep(request: string, { status, headers, text, body }: Answer): Answer {
  const { access_token: token, ...rest } = body;
  if (typeof token === 'string') canaries.push(...shapesOf('an access token', token));
  const shown = typeof token === 'string' ? JSON.stringify(rest) : text;
  answers.push({ request, answer: `${status}\n${JSON.stringify([...headers])}\n${shown}` });
  return { status, headers, text, body };
}

async function ask(what: string, changes: Partial<AssertionOptions>, name = 'demo-consumer'): Promise<Answer> {
  const assertion = await server.assertion(name, { scope: SCOPE, jti: canary(`the jti of ${what}`), ...changes });
  return send(what, assertion);
}

async function send(what: string, assertion: string, headers: Record<string, string> = {}): Promise<Answer> {
  canaries.push(...shapesOf(`the assertion of ${what}`, assertion));
  const body = new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();
  sent.push(assertion, body, JSON.stringify(headers));
  return keep(what, await server.post(body, headers));
}

/** Every claim and every member of a header with a canary in it, in an assertion whose signature is right. */
async function inEveryField(): Promise<void> {
  // A scope's name is the one text of a stranger's that is said back, once it has the form of one. PV-SEC-066
  await ask('a scope', { scope: `prove:"${canary('a scope')}` });
  await ask('scopes', { claims: { scope: [canary('scopes')] } });
  const claims = ['iss', 'aud', 'resource', 'consumer_org', 'iss_onbehalfof', 'authorization_details', 'pid', 'sub', 'more'];
  for (const name of claims)
    for (const shape of [(text: string): unknown => text, (text: string): unknown => [{ type: text, [text]: text }]])
      await ask(`a claim ${name}`, { claims: { [name]: shape(canary(`the claim ${name}`)) } });
  for (const name of ['kid', 'alg', 'typ', 'x5c', 'jwk', 'crit', 'x5u', 'more'])
    for (const shape of [(text: string): unknown => text, (text: string): unknown => [text]])
      await ask(`a header ${name}`, { header: { [name]: shape(canary(`the header ${name}`)) } });
  await ask('a deep claim', {
    claims: { authorization_details: [{ type: 'urn:altinn:systemuser', systemuser_org: canary('a party') }] },
  });
}

/** What is registered, asked for in the name of persons. */
async function ofPersons(): Promise<void> {
  t.equal((await ask('a person', { scope: OPEN, claims: { pid: PERSON } })).status, 200);
  await ask('a person in a place for organisations', { claims: { consumer_org: PERSON } });
  await ask('a person as a customer', { claims: { iss_onbehalfof: PERSON } });
  await ask('a person twice', { claims: { pid: `${PERSON}${PERSON}` } });
  const consent = (from: string, id: string = CONSENTS.valid) => ({
    scope: OPEN,
    claims: { authorization_details: [{ type: 'urn:altinn:consent', id, from }] },
  });
  t.equal((await ask('a consent', consent(GIVER))).status, 200);
  for (const id of [CONSENTS.expired, CONSENTS.withdrawn, CONSENTS.forSomeoneElse])
    t.equal((await ask('a consent that is none', consent(GIVER, id))).status, 400);
  await ask('a consent of another person', consent(`urn:altinn:person:identifier-no:${PERSON}`));
  await ask('a consent of nobody', consent(PERSON));
}

/** What never becomes an assertion. */
async function besides(): Promise<void> {
  const whole = await server.assertion('demo-consumer', { scope: SCOPE });
  await send('one that is used', whole);
  await send('one that is used again', whole);
  await send('one that is cut', whole.slice(0, -9));
  await send('one of another', whole.replace(/\.[^.]*$/, `.${randomBytes(256).toString('base64url')}`));
  const { key } = server.client('demo-consumer');
  await send('no JSON', signRaw(`{"alg":"RS256",${canary('a broken header')}`, canary('a broken payload'), key));
  await send('text alone', canary('no JWS'));
  const fresh = (): Promise<string> => server.assertion('demo-consumer', { scope: SCOPE });
  const names = [
    'Authorization',
    'Cookie',
    'User-Agent',
    'Referer',
    'X-Correlation-Id',
    'traceparent',
    'tracestate',
    'X-Forwarded-For',
    'DPoP',
  ];
  for (const name of names) await send(`a field ${name}`, await fresh(), { [name]: canary(`the field ${name}`) });
  for (const type of ['application/json', `application/x-${canary('a media type')}`])
    await send('another media type', await fresh(), { 'Content-Type': type });
  const place = `/token?assertion=${await fresh()}&${canary('a parameter')}=1`;
  canaries.push(...shapesOf('an assertion in an address', place.split('=')[1]?.split('&')[0] ?? ''));
  keep('an assertion in an address', await server.post('grant_type=x', {}, place));
  keep(
    'another grant',
    await server.post(`grant_type=${canary('a grant')}&assertion=${canary('a value')}&${canary('a name')}=%zz`),
  );
  for (const path of ['/', '/errors/', '/api/v1/', '/health/'])
    keep(
      'an address',
      await server.get(`${path}${canary('an address')}?${canary('a query')}`, { headers: { 'X-More': canary('a field') } }),
    );
  const text = await (await operations(server, `/${canary('an address of operations')}`)).text();
  answers.push({ request: 'an address of operations', answer: text });
  for (const bytes of [`${canary('no HTTP')}\r\n\r\n`, `GET / HTTP/1.1\r\nHost: x\r\n${canary('half a field')}\r\n\r\n`]) {
    const socket = connect(server.port, '127.0.0.1').end(bytes);
    answers.push({ request: 'no HTTP', answer: await allOf(socket) });
  }
}

/** The self-service API: keys with their private half, tokens that are none, assertions to be explained. */
async function administration(): Promise<void> {
  const call = async (path: string, token: string, body: unknown, method = 'POST'): Promise<Answer> => {
    const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
    return keep(`${method} ${path}`, await server.get(`/api/v1${path}`, { method, headers, body: JSON.stringify(body) }));
  };
  const { key } = server.client('demo-consumer');
  const jwk = { ...key.export({ format: 'jwk' }), kid: 'k', use: 'sig', alg: 'RS256' };
  const scopes = ['idporten:dcr.write', 'portvakt:explanations'];
  const { body } = await ask('an administrator', { scope: scopes.join(' ') }, 'demo-consumer-admin');
  const token = `${body.access_token}`;
  t.match(token, /^ey/, JSON.stringify(body));
  for (const path of ['/clients', `/clients/${server.client('demo-consumer').clientId}/jwks`]) {
    t.equal(
      (
        await call(path, token, {
          client_name: canary('a name'),
          jwks: { keys: [jwk] },
          keys: [jwk],
          [canary('a member')]: PERSON,
        })
      ).status,
      400,
    );
    await call(path, token, { ...jwk, description: PERSON, [canary('a member')]: [canary('a value')] });
  }
  const [header = '', payload = ''] = token.split('.');
  for (const wrong of [
    canary('a token'),
    `${token}x`,
    `${header}.${payload}.${randomBytes(256).toString('base64url')}`,
    await server.assertion('demo-consumer'),
  ]) {
    canaries.push(...shapesOf('a bearer token that is none', wrong));
    t.equal((await call('/clients', wrong, {})).status, 401);
  }
  const pending = await server.assertion('demo-consumer', {
    scope: SCOPE,
    jti: canary('a jti to be explained'),
    claims: { pid: PERSON, more: canary('a claim') },
  });
  canaries.push(...shapesOf('an assertion to be explained', pending));
  t.equal((await call('/explanations', token, { assertion: pending })).status, 200);
  t.equal((await call('/explanations', token, { assertion: `${pending}${canary('a rest')}` })).status, 200);
}

t.test(
  'PV-SEC-104 no assertion, token, private key, person’s number or foreign text reaches a log, metric, trace, audit, error or the store',
  async (t) => {
    const { signing, audit } = keyFolders(devConfig({ dataDir: server.dataDir, port: 0 }));
    const accepted = { kinds: ['rsa', 'ed25519'], states: ['active'] } as const;
    for (const folder of [signing, audit]) {
      const [kid = ''] = folder.names();
      const der = (await folder.open(kid, accepted)).export({ type: 'pkcs8', format: 'der' });
      canaries.push(...shapesOfBytes(`the server's key ${kid}`, der.subarray(-32)));
    }
    canaries.push(...shapesOfBytes("the server's master key", await readFile(join(server.dataDir, 'master.key'))));
    const { d = '', p = '', q = '' } = server.client('demo-consumer').key.export({ format: 'jwk' });
    for (const [name, value] of Object.entries({ d, p, q }))
      canaries.push(
        ...shapesOf(`a private key's ${name}`, value),
        ...shapesOfBytes(`a private key's ${name}`, Buffer.from(value, 'base64url')),
      );
    canaries.push(...shapesOf("a person's number", PERSON));
    await inEveryField();
    await ofPersons();
    await besides();
    await administration();
    const metrics = await (await operations(server, '/metrics')).text();
    await server.storage.audit.seal(Math.floor(server.clock.now()));
    await server.close();

    t.ok(log.length > 80, `${log.length} lines of the log`);
    t.ok(canaries.length > 500, `${canaries.length} canaries`);
    t.same(found(canaries, 'the log', log.join('')), []);
    t.same(found(shapesOf('the giver', GIVER_NUMBER), 'the log', log.join('')), []);
    t.match(metrics, /^portvakt_tokens_issued_total/m);
    t.same(found(canaries, 'the metrics', metrics), []);
    const spans = recorded().map(spanText);
    t.ok(spans.length > 150, `${spans.length} spans`);
    t.same(found([...canaries, ...shapesOf('the giver', GIVER_NUMBER)], 'the traces', spans.join('\n')), []);
    for (const { request, answer } of answers) {
      t.same(found(canaries, `the answer to ${request}`, answer), []);
      t.same(found(shapesOf('the giver', GIVER_NUMBER), `the answer to ${request}`, answer), []);
    }
    const files = [...(await filesOf(server.dataDir))].filter(([name]) => name !== 'master.key');
    const store = files.map(([, text]) => text).join('');
    t.ok(store.includes('token.issuing') && store.includes(server.client('demo-consumer').clientId), 'the store is there');
    t.same(found(canaries, 'the store', store), [], 'a consent that is registered stands there, and nothing else');
  },
);

t.test('the search finds what it looks for', async (t) => {
  const secret = randomBytes(48).toString('base64url');
  const told = (text: string): number => found(shapesOf('it', secret), 'there', text).length;
  t.equal(told(`{"error":"${secret}"}`), 1);
  t.equal(told(secret.slice(0, 30)), 1, 'cut');
  for (const before of ['', 'a', 'ab']) {
    const bytes = Buffer.from(`${before}${secret}`);
    for (const spelling of ['base64', 'base64url', 'hex'] as const)
      t.equal(told(bytes.toString(spelling)), 1, `${before} ${spelling}`);
  }
  t.equal(told(randomBytes(100).toString('base64url')), 0);
  t.same(found(canaries, 'what was sent', sent.join('\n')).length > 40, true);
});
