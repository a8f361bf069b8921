import { setImmediate as nextTurn } from 'node:timers/promises';
import t from 'tap';
import { makeAssertion } from '../../fixtures/assertion.ts';
import { catalogue, type FaultCode } from '../../server/core/catalogue.ts';
import { accountableOrganization } from '../../server/core/limits.ts';
import type { OrganizationNumber } from '../../server/core/organization.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { leafKey, makeIssuing, makeLeaf, makeRoot } from '../keys/pki.ts';
import { keepExplanations } from '../token/explanations.ts';
import { type Answer, refused, startTestServer, type TestServer } from '../token/server.ts';

const claims = { scope: 'prove:kart.read' };
const proxies = ['127.0.0.1'];

const form = (assertion: string): string => new URLSearchParams({ grant_type: JWT_BEARER, assertion }).toString();

/** Sends an assertion as a proxy on this machine hands it on. */
function sendFrom(server: TestServer, address: string, assertion: string): Promise<Answer> {
  return server.post(form(assertion), { 'X-Forwarded-For': address });
}

/** The codes of so many requests one after the other, or `token`. */
async function codes(times: number, send: (n: number) => Promise<Answer>): Promise<string[]> {
  const found: string[] = [];
  for (let n = 0; n < times; n++) {
    const { body } = await send(n);
    found.push(body.access_token ? 'token' : `${body.error_uri}`.replace(/.*\//, ''));
  }
  return found;
}

/** An assertion in a client's name that a stranger has signed. */
async function forged(server: TestServer, name: string): Promise<string> {
  return server.assertion(name, { claims, key: leafKey() });
}

function expectation(code: FaultCode): { code: string; status: number; error: string; phrase: string } {
  return { code, ...catalogue[code] };
}

t.test(
  'PV-SEC-111 PV-401 a client over its limit is told how long to wait, and then let in with the same assertion',
  async (t) => {
    const server = await startTestServer(t, { limits: { client: 3 } });
    const rows = async (): Promise<number> => (await server.storage.audit.list(100)).length;
    const before = await rows();
    t.same(await codes(3, async () => server.ask(await server.assertion('demo-consumer', { claims }))), [
      'token',
      'token',
      'token',
    ]);
    const assertion = await server.assertion('demo-consumer', { claims });
    const answer = await server.ask(assertion);
    refused(t, answer, expectation('PV-401'));
    t.equal(answer.headers.get('retry-after'), '20');
    t.equal(await rows(), before + 3, 'a refusal has no record of its own');
    t.equal(server.lines.filter(({ fields }) => fields.code === 'PV-401').length, 0, 'and no line in the log');
    t.equal((await server.ask(await server.assertion('demo-supplier', { claims }))).status, 200, 'others are not concerned');
    server.clock.time += 19;
    t.equal((await server.ask(assertion)).status, 429, 'not a second too early');
    server.clock.time += 1;
    t.equal((await server.ask(assertion)).status, 200, 'it had not been spent');
    t.equal((await server.ask(await server.assertion('demo-consumer', { claims }))).status, 429, 'one came back, not all');
  },
);

t.test('PV-SEC-112 what strangers send in a client’s name uses up nothing of the client’s', async (t) => {
  const server = await startTestServer(t, { limits: { client: 2, organization: 2 } });
  const first = await server.assertion('demo-consumer', { claims });
  t.equal((await server.ask(first)).status, 200);
  t.same(new Set(await codes(10, async () => server.ask(await forged(server, 'demo-consumer')))), new Set(['MP-124']));
  t.same(new Set(await codes(10, () => server.ask(first))), new Set(['MP-012']), 'nor do replays of what it has sent');
  t.equal((await server.ask(await server.assertion('demo-consumer', { claims }))).status, 200);
  t.equal((await server.ask(await forged(server, 'demo-consumer'))).status, 400, 'nor is a stranger told that it is busy');
});

t.test('PV-SEC-111 an organisation’s clients share its limit, however they prove who they are', async (t) => {
  const server = await startTestServer(t, { limits: { organization: 3 } });
  const send = async (name: string): Promise<number> => (await server.ask(await server.assertion(name, { claims }))).status;
  t.same([await send('demo-consumer'), await send('demo-consumer'), await send('demo-certificate')], [200, 200, 200]);
  t.same([await send('demo-consumer'), await send('demo-certificate')], [429, 429]);
  t.equal(await send('demo-supplier'), 200);
  const made = { orgno: '310555037', supplierOrgno: '310555045' };
  t.equal(accountableOrganization(made as never), '310555045', 'a supplier’s clients for customers are its own doing');
});

t.test('PV-SEC-111 what a client is refused after it has proven who it is counts for it, too', async (t) => {
  const server = await startTestServer(t, { limits: { client: 2 } });
  const send = async (scope: string): Promise<Answer> =>
    server.ask(await server.assertion('demo-consumer', { claims: { scope } }));
  t.same(await codes(3, () => send('prove:nothing.read')), ['MP-200', 'MP-200', 'PV-401']);
});

t.test('PV-SEC-112 an address pays for what nobody has proven, and for nothing else', async (t) => {
  const server = await startTestServer(t, { config: { proxies }, limits: { address: 3 } });
  const good = async (address: string): Promise<Answer> =>
    sendFrom(server, address, await server.assertion('demo-consumer', { claims }));
  const bad = async (address: string): Promise<Answer> => sendFrom(server, address, await forged(server, 'demo-consumer'));
  t.same(new Set(await codes(8, () => good('203.0.113.9'))), new Set(['token']), 'tokens cost an address nothing');
  t.same(await codes(4, () => bad('203.0.113.9')), ['MP-124', 'MP-124', 'MP-124', 'PV-401']);
  const answer = await good('203.0.113.9');
  refused(t, answer, expectation('PV-401'));
  t.equal(answer.headers.get('retry-after'), '20');
  t.equal((await good('203.0.113.10')).status, 200, 'the client itself is not refused');
  t.same(
    await codes(4, () => server.post('nonsense', { 'X-Forwarded-For': '2001:db8::1' })).then((found) => found.at(-1)),
    'PV-401',
  );
  t.equal((await good('2001:db8::2')).status, 429, 'the same /64');
  t.equal((await good('2001:db8:0:1::2')).status, 200);
  server.clock.time += 20;
  t.equal((await good('203.0.113.9')).status, 200);
});

t.test('PV-SEC-112 what an address pays for is paid for once, however often changes have it judged anew', async (t) => {
  const server = await startTestServer(t, { config: { proxies }, limits: { address: 2 } });
  const { organizations, clients, transaction } = server.storage;
  const { find } = clients;
  let changes = 0;
  (clients as { find: typeof find }).find = async (clientId) => {
    const found = await find(clientId);
    const organization = await organizations.find('310555053' as OrganizationNumber);
    if (organization) await transaction((change) => change.organizations.put({ ...organization, name: `Liksom ${++changes}` }));
    return found;
  };
  const bad = async (): Promise<Answer> => sendFrom(server, '203.0.113.9', await forged(server, 'demo-consumer'));
  t.same(await codes(4, bad), ['MP-124', 'MP-124', 'PV-401', 'PV-401']);
  t.ok(changes > 2, 'each was judged more than once');
});

t.test('PV-SEC-112 a client over its limit does not use up the address that others share with it', async (t) => {
  const server = await startTestServer(t, { config: { proxies }, limits: { client: 1, address: 2 } });
  const send = async (name: string): Promise<Answer> => sendFrom(server, '203.0.113.9', await server.assertion(name, { claims }));
  t.same(await codes(6, () => send('demo-consumer')), ['token', 'PV-401', 'PV-401', 'PV-401', 'PV-401', 'PV-401']);
  t.equal((await send('demo-supplier')).status, 200);
});

t.test('PV-SEC-065 whoever makes up an X-Forwarded-For stays who it is', async (t) => {
  const direct = await startTestServer(t, { limits: { address: 3 } });
  const spoof = (server: TestServer, told: (n: number) => string) =>
    codes(4, (n) => server.post('nonsense', { 'X-Forwarded-For': told(n) }));
  t.same(await spoof(direct, (n) => `6.6.6.${n}`), ['PV-010', 'PV-010', 'PV-010', 'PV-401'], 'not through a proxy');
  const behind = await startTestServer(t, { config: { proxies }, limits: { address: 3 } });
  t.same(await spoof(behind, (n) => `6.6.6.${n}, 203.0.113.9`), ['PV-010', 'PV-010', 'PV-010', 'PV-401'], 'through one');
  t.equal((await behind.post('nonsense', { 'X-Forwarded-For': '6.6.6.0' })).status, 400, 'and nobody pays for another');
});

t.test('PV-SEC-111 refusals for too much are counted in the audit, not kept one by one', async (t) => {
  const server = await startTestServer(t, { limits: { address: 1, client: 1 } });
  await server.ask(await server.assertion('demo-consumer', { claims }));
  await server.ask(await server.assertion('demo-consumer', { claims }));
  await server.post('nonsense');
  await server.post('nonsense');
  await server.post('nonsense');
  const { storage } = server;
  const append = storage.audit.append;
  const kept: { details?: { refusals?: object } }[] = [];
  storage.audit.append = async (record) => {
    kept.push(record as (typeof kept)[number]);
    return append(record);
  };
  await server.close();
  t.same(kept[0]?.details?.refusals, { 'PV-401': 3, 'PV-010': 1 }, 'one of the client, two of the address');
});

t.test('PV-SEC-114 an address that shows many bad certificates has no unknown one judged for a while', async (t) => {
  const server = await startTestServer(t, { config: { proxies }, limits: { certificateFailures: 2 } });
  const known = async (address: string): Promise<Answer> =>
    sendFrom(server, address, await server.assertion('demo-certificate', { claims }));
  const untrusted = makeIssuing(makeRoot('untrusted root'), 'untrusted issuing');
  const bad = async (address: string): Promise<Answer> => {
    const x5c = [makeLeaf(untrusted, { serialNumber: Buffer.from([2, 1, ++serial]) }).toString('base64')];
    const { clientId } = server.client('demo-certificate');
    const now = server.clock.time;
    return sendFrom(
      server,
      address,
      await makeAssertion({ clientId, audience: server.issuer, key: leafKey(), x5c, now, ...claims }),
    );
  };
  let serial = 0;
  t.equal((await known('203.0.113.9')).status, 200);
  t.same(await codes(4, () => bad('203.0.113.9')), ['MP-120', 'MP-120', 'PV-401', 'PV-401']);
  t.equal((await known('203.0.113.9')).status, 200, 'one that has been judged goes on');
  t.same(await codes(1, () => bad('203.0.113.10')), ['MP-120'], 'another address is not concerned');
  server.clock.time += 30;
  t.same(await codes(2, () => bad('203.0.113.9')), ['MP-120', 'PV-401']);
});

t.test('PV-SEC-114 a certificate that is judged only to explain a refusal counts against nobody', async (t) => {
  const server = await startTestServer(t, { config: { proxies }, limits: { certificateFailures: 2 } });
  const kept = keepExplanations(server);
  const root = makeIssuing(makeRoot('another untrusted root'), 'another untrusted issuing');
  const { clientId } = server.client('demo-certificate');
  const bad = async (number: number, audience: string): Promise<Answer> => {
    const x5c = [makeLeaf(root, { serialNumber: Buffer.from([2, 1, number]) }).toString('base64')];
    const signed = { clientId, audience, key: leafKey(), x5c, now: server.clock.time, ...claims };
    return sendFrom(server, '203.0.113.9', await makeAssertion(signed));
  };
  for (const number of [1, 2, 3]) t.match((await bad(number, 'https://elsewhere.example/')).body.error_uri, /MP-110$/);
  while (kept.length < 3) await nextTurn();
  t.equal(kept[2]?.checks.find(({ id }) => id === 'certificate')?.code, 'MP-120', 'it was judged');
  for (const number of [4, 5]) t.match((await bad(number, server.issuer)).body.error_uri, /MP-120$/);
});
