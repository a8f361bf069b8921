import { readFileSync } from 'node:fs';
import t from 'tap';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import { openApi } from '../../server/selfservice/openapi.ts';
import { operations, routes } from '../../server/selfservice/routes.ts';
import { startApi } from './api.ts';
import { assertDocumented } from './documented.ts';

const document = openApi(operations);
const every = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
);

t.test('the document names exactly the routes of the table, each with who may use it', async (t) => {
  t.same(
    every.map(({ method, path }) => `${method} ${path}`).sort(),
    operations.map(({ method, path }) => `${method} ${path}`).sort(),
  );
  for (const { method, path, operation } of every) {
    const route = operations.find((candidate) => candidate.method === method && candidate.path === path);
    const scopes = operation.security.flatMap(({ token }) => token);
    t.same(scopes, route?.scopes === 'public' ? [] : route?.scopes, `${method} ${path}`);
    t.equal(operation.security.length, scopes.length, 'any one of them opens it');
  }
});

t.test('operations have names of their own, and every reference leads somewhere', async (t) => {
  const names = every.map(({ operation }) => operation.operationId);
  t.equal(new Set(names).size, names.length);
  const { schemas } = document.components;
  for (const [, name = ''] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) t.ok(schemas[name], name);
  t.notOk(JSON.stringify(document).includes('$defs'));
});

t.test('every parameter of a path is declared, and If-Match is demanded where it is', async (t) => {
  for (const { method, path, operation } of every) {
    const declared = operation.parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => name);
    t.same(
      declared,
      [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name),
      path,
    );
    const own = operations.find((route) => route.method === method && route.path === path)?.manners === 'own';
    const ifMatch = operation.parameters.find(({ name }) => name === 'If-Match');
    t.equal(ifMatch?.required ?? false, own && (method === 'PUT' || method === 'DELETE'), `${method} ${path}`);
  }
});

t.test('the server serves the document that is checked in, to everybody', async (t) => {
  const { server } = await startApi(t);
  const answer = await server.get('/api/v1/openapi.json');
  t.equal(answer.status, 200);
  t.equal(answer.headers.get('content-type'), 'application/json');
  t.match(answer.headers.get('cache-control'), /^public, max-age=/);
  t.same(answer.body, JSON.parse(readFileSync(new URL('../../docs/reference/api.json', import.meta.url), 'utf8')));
  t.match(answer.body, { openapi: '3.1.0', servers: [{ url: '/api/v1' }] });
});

t.test('the page shows every operation and shape, without a script or anything from elsewhere', async (t) => {
  const { server } = await startApi(t);
  const pages = await Promise.all(['/api/v1/', '/api/v1', '/api/v1/docs', '/api/v1/docs/'].map((path) => server.get(path)));
  for (const page of pages) {
    t.equal(page.status, 200);
    t.equal(page.headers.get('content-type'), 'text/html; charset=utf-8');
    t.match(page.headers.get('content-security-policy'), /^default-src 'none'; style-src 'sha256-/);
    t.equal(page.text, pages[0]?.text);
  }
  const text = pages[0]?.text ?? '';
  for (const { path, operation } of every) t.ok(text.includes(`<h2 id="${operation.operationId}">`), path);
  for (const name of Object.keys(document.components.schemas)) t.ok(text.includes(`<h2 id="${name}">`), name);
  t.notMatch(text, /<script|javascript:|https?:\/\/(?!localhost)/i);
  t.equal((await server.get('/docs')).status, 404, 'our own resources stand under /api/v1 alone');
  t.equal((await server.get('/openapi.json')).status, 404);
});

t.test('the document refuses what the API does not answer', async (t) => {
  const refusal = { refused: true, method: 'GET', path: '/scopes' };
  const answer = { refused: false, method: 'GET', path: '/delegationsources' };
  const source = {
    name: 'x',
    issuer: 'https://a/',
    created: '1970-01-01T00:00:00.000Z',
    last_updated: '1970-01-01T00:00:00.000Z',
  };
  assertDocumented([source], answer);
  for (const body of [source, [{ ...source, x: 1 }], [{ ...source, created: 5 }], [{ name: 'x' }]])
    t.throws(() => assertDocumented(body, answer));
  t.throws(() => assertDocumented({ error: 'x' }, refusal));
  t.throws(() => assertDocumented({}, { ...answer, path: '/nothing' }));
});

t.test('PV-SEC-069 the API says whose tokens it takes, and for what (RFC 9728)', async (t) => {
  const { server, nobody } = await startApi(t);
  for (const [path, resource] of [
    ['', server.issuer],
    ['/api/v1', `${server.issuer}api/v1`],
  ]) {
    const { status, body, headers } = await server.get(`/.well-known/oauth-protected-resource${path}`);
    t.equal(status, 200);
    t.match(headers.get('cache-control'), /^public, max-age=/);
    t.strictSame(body, {
      resource,
      authorization_servers: [server.issuer],
      scopes_supported: ADMIN_SCOPES.filter((scope) =>
        routes.some(({ scopes }) => scopes !== 'public' && scopes.includes(scope)),
      ).sort(),
      bearer_methods_supported: ['header'],
      resource_name: 'Portvakt self-service API',
      resource_documentation: `${server.issuer}api/v1/docs`,
    });
  }
  const refused = await nobody.get('/scopes');
  const [, address = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? [];
  t.equal(address, `${server.issuer}.well-known/oauth-protected-resource/api/v1`);
  t.equal((await server.get(new URL(address).pathname)).body.resource, `${server.issuer}api/v1`);
});
