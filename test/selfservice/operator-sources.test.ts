import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { items, refusedByApi, startApi } from './api.ts';
import { makeDelegable, tagOf } from './delegable.ts';

const OPERATOR = ['portvakt:operator'] as const;
const ALTINN = {
  name: 'altinn',
  issuer: 'https://altinn.example.no/',
  kind: 'altinn',
  base_url: 'https://platform.example.no/',
  client_id: 'portvakt-test',
  key_name: 'altinn',
} as const;
const LOCAL = { name: 'register', issuer: 'https://register.example.no/', kind: 'local' } as const;

t.test('the operator registers, reads, replaces and removes a source, each with its audit record', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const added = await operator.post('/operator/sources', ALTINN);
  t.match(added.body, { ...ALTINN, cache_seconds: 0, timeout_ms: 2000, active: true });
  t.equal(added.body.token_issuer, undefined);
  const path = '/operator/sources/altinn';
  t.same((await operator.get(path)).body, added.body);
  t.same(items(await operator.get('/operator/sources')), [added.body]);

  const wish = { ...ALTINN, token_issuer: 'https://token.example.no/', cache_seconds: 60, timeout_ms: 500, active: false };
  refusedByApi(t, await operator.put(path, wish), 'PV-628');
  const tag = await tagOf(operator, path);
  t.match((await operator.put(path, wish, tag)).body, wish);
  refusedByApi(t, await operator.put(path, wish, tag), 'PV-612');
  t.equal((await operator.delete(`${path}?dry_run=true`, await tagOf(operator, path))).status, 200);
  t.equal((await operator.delete(path, await tagOf(operator, path))).status, 200);
  t.equal((await operator.get(path)).status, 404);
  const types = (await api.server.storage.audit.list(10)).map(({ type }) => type).filter((type) => type.startsWith('source.'));
  t.same(types, ['source.removed', 'source.changed', 'source.added']);
});

t.test('a source is refused that could not be asked, or whose name or issuer is taken', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  for (const [change, field] of [
    [{ name: 'local' }, 'name'],
    [{ name: 'off' }, 'name'],
    [{ name: 'Med Mellomrom' }, 'name'],
    [{ kind: 'skatt' }, 'kind'],
    [{ issuer: 'altinn' }, 'issuer'],
    [{ base_url: 'http://platform.example.no/' }, 'base_url'],
    [{ base_url: 'https://meg:hemmelig@platform.example.no/' }, 'base_url'],
    [{ base_url: 'https://platform.example.no/?x=1' }, 'base_url'],
    [{ base_url: 'file:///etc/passwd' }, 'base_url'],
    [{ base_url: undefined }, 'base_url'],
    [{ key_name: '../nøkkel.pem' }, 'key_name'],
    [{ client_id: undefined }, 'client_id'],
    [{ cache_seconds: 61 }, 'cache_seconds'],
    [{ timeout_ms: 0 }, 'timeout_ms'],
    [{ timeout_ms: 10_001 }, 'timeout_ms'],
    [{ key_file: '/etc/passwd' }, 'key_file'],
    [{ created: '2026-01-01T00:00:00Z' }, 'created'],
  ] as const)
    refusedByApi(t, await operator.post('/operator/sources', { ...ALTINN, ...change }), 'PV-601', field);
  refusedByApi(t, await operator.post('/operator/sources', { ...LOCAL, base_url: ALTINN.base_url }), 'PV-601', 'base_url');
  refusedByApi(t, await operator.post('/operator/sources', { ...LOCAL, issuer: api.server.issuer }), 'PV-609', 'issuer');
  t.same(items(await operator.get('/operator/sources')), []);
  await operator.post('/operator/sources', LOCAL);
  refusedByApi(t, await operator.post('/operator/sources', LOCAL), 'PV-609', 'name');
  refusedByApi(t, await operator.post('/operator/sources', { ...LOCAL, name: 'to' }), 'PV-609', 'issuer');
  const path = '/operator/sources/register';
  refusedByApi(t, await operator.put(path, { ...LOCAL, name: 'to' }, await tagOf(operator, path)), 'PV-601', 'name');
});

t.test('a source stands in /delegationsources while it is active, and scopes may name it', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const issuers = async () => items(await api.nobody.get('/delegationsources')).map(({ issuer }) => issuer);
  const wish = { prefix: 'prove', subscope: 'hav.read', description: 'x', delegation_source: LOCAL.issuer };
  const owner = await api.as('owner', ['idporten:scopes.write']);
  t.same(await issuers(), [api.server.issuer]);
  refusedByApi(t, await owner.post('/scopes', wish), 'PV-601', 'delegation_source');
  await operator.post('/operator/sources', LOCAL);
  t.same(await issuers(), [api.server.issuer, LOCAL.issuer]);
  const scope = await makeDelegable(api, 'hav.read', { delegation_source: LOCAL.issuer });

  const path = '/operator/sources/register';
  refusedByApi(t, await operator.delete(path, await tagOf(operator, path)), 'PV-609', 'issuer');
  const moved = { ...LOCAL, issuer: 'https://andre.example.no/' };
  refusedByApi(t, await operator.put(path, moved, await tagOf(operator, path)), 'PV-609', 'issuer');
  t.equal((await operator.put(path, { ...LOCAL, active: false }, await tagOf(operator, path))).status, 200);
  t.same(await issuers(), [api.server.issuer]);
  const { prefix: _, subscope: __, ...settings } = { ...wish, description: 'nytt' };
  t.equal((await owner.put(`/scopes?scope=${scope}`, settings)).status, 200, 'a scope that names it may keep it');
  const giver = await api.as('consumer', ['portvakt:delegations.write']);
  const delegation = { supplier_orgno: '310555045', scopes: [scope] };
  refusedByApi(t, await giver.post('/delegations', delegation), 'PV-601', 'scopes.0');
  await operator.put(path, LOCAL, await tagOf(operator, path));
  t.equal((await giver.post('/delegations', delegation)).status, 200, 'the own register under another name');
});

t.test('the test of a source asks it, and says why there was no answer', async (t) => {
  const api = await startApi(t);
  const operator = await api.as('operator', OPERATOR);
  const asked = await deadService(t);
  await operator.post('/operator/sources', LOCAL);
  await operator.post('/operator/sources', { ...ALTINN, base_url: asked.url });
  await operator.post('/operator/sources', { ...LOCAL, name: 'av', issuer: 'https://av.example.no/', active: false });
  t.match((await operator.post('/operator/sources/register/test')).body, { answers: true });
  t.match((await operator.post('/operator/sources/altinn/test')).body, { answers: false, reason: /key_name/ });
  t.match((await operator.post('/operator/sources/av/test')).body, { answers: false, reason: /switched off/ });
  refusedByApi(t, await operator.post('/operator/sources/finnes-ikke/test'), 'PV-604');
});

/** A service that would answer 500 to everything. */
async function deadService(t: Test): Promise<{ readonly url: string }> {
  const server = createServer((_, response) => void response.writeHead(500).end());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` };
}
