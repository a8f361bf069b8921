import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { type Portvakt, startPortvakt } from 'portvakt/testing';
import { resourceServer } from './resource-server.ts';

const scope = 'prove:bygg.read';
const audience = 'https://api.prove.example.no/bygg';

let portvakt: Portvakt;
let api: ReturnType<typeof resourceServer>;

before(async () => {
  portvakt = await startPortvakt();
  api = resourceServer({ issuer: portvakt.issuer, scope, audience }).listen(0, '127.0.0.1');
  await once(api, 'listening');
});

after(async () => {
  api.closeAllConnections();
  api.close();
  await portvakt.stop();
});

function call(token: string): Promise<Response> {
  const { port } = api.address() as AddressInfo;
  return fetch(`http://127.0.0.1:${port}/`, { headers: { authorization: `Bearer ${token}` } });
}

test('the API answers a consumer whom its owner let in', async () => {
  const response = await call(await portvakt.token({ client: 'demo-consumer', scope, resource: audience }));
  assert.deepEqual(await response.json(), { consumer: '310555037' });
});

test('the API refuses a token that was meant for another API', async () => {
  const token = await portvakt.token({ client: 'demo-consumer', scope, resource: 'https://other.example.no/' });
  assert.equal((await call(token)).status, 401);
});

test('nobody else gets a token', async () => {
  await assert.rejects(portvakt.token({ client: 'demo-supplier', scope }), { code: 'MP-250' });
});
