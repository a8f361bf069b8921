import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createRemoteJWKSet, importPKCS8, jwtVerify, SignJWT } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import t from 'tap';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { startTestServer, type TestServer } from './server.ts';

/** An assertion as a back end makes it, by jose and the system's clock. */
async function assertionByJose(server: TestServer): Promise<string> {
  const { clientId, kid = '', key } = server.client('demo-consumer');
  const privateKey = await importPKCS8(key.export({ type: 'pkcs8', format: 'pem' }).toString(), 'RS256');
  return new SignJWT({ scope: 'prove:bygg.read' })
    .setProtectedHeader({ alg: 'RS256', kid })
    .setIssuer(clientId)
    .setAudience(server.issuer)
    .setIssuedAt()
    .setExpirationTime('1 minute')
    .setJti(crypto.randomUUID())
    .sign(privateKey);
}

async function verifies(server: TestServer, token: string): Promise<boolean> {
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${server.issuer}jwk`)), {
    issuer: server.issuer,
    algorithms: ['RS256'],
  });
  return payload.scope === 'prove:bygg.read';
}

t.test('openid-client finds the server by its issuer and gets a token (discovery with the oauth2 algorithm)', async (t) => {
  const server = await startTestServer(t, { systemClock: true });
  const { clientId } = server.client('demo-consumer');
  const config = await openid.discovery(new URL(server.issuer), clientId, undefined, openid.None(), {
    algorithm: 'oauth2',
    execute: [openid.allowInsecureRequests],
  });
  const answer = await openid.genericGrantRequest(config, JWT_BEARER, { assertion: await assertionByJose(server) });
  t.equal(answer.token_type, 'bearer');
  t.ok(await verifies(server, answer.access_token));
  const refusal = await openid
    .genericGrantRequest(config, JWT_BEARER, { assertion: 'nonsense' })
    .catch((error: unknown) => error);
  t.match(refusal, { error: 'invalid_request', status: 400 }, 'and understands a refusal');
});

t.test('oauth4webapi finds the server and gets a token', async (t) => {
  const server = await startTestServer(t, { systemClock: true });
  const insecure = { [oauth.allowInsecureRequests]: true };
  const issuer = new URL(server.issuer);
  const discovered = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  );
  const client = { client_id: server.client('demo-consumer').clientId };
  const parameters = new URLSearchParams({ assertion: await assertionByJose(server) });
  const response = await oauth.genericTokenEndpointRequest(discovered, client, oauth.None(), JWT_BEARER, parameters, insecure);
  const answer = await oauth.processGenericTokenEndpointResponse(discovered, client, response);
  t.ok(await verifies(server, answer.access_token));
});

t.test('curl gets a token for an assertion that openssl signed with an enterprise certificate', async (t) => {
  const server = await startTestServer(t, { systemClock: true });
  const folder = await mkdtemp(join(tmpdir(), 'portvakt-curl-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const { clientId, key, x5c = [] } = server.client('demo-certificate');
  await writeFile(join(folder, 'key.pem'), key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  await writeFile(join(folder, 'chain.b64'), x5c.join('\n'));
  const script = `set -eu
    cd "$1"
    b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
    now=$(date +%s)
    leaf=$(head -n 1 chain.b64)
    header=$(printf '{"alg":"RS256","x5c":["%s"]}' "$leaf" | b64)
    claims=$(printf '{"iss":"%s","aud":"%s","scope":"prove:bygg.read","iat":%s,"exp":%s}' "$3" "$2" "$now" "$((now + 60))" | b64)
    signature=$(printf '%s.%s' "$header" "$claims" | openssl dgst -sha256 -sign key.pem -binary | b64)
    curl -sS --fail-with-body "\${2}token" --data-urlencode 'grant_type=${JWT_BEARER}' --data-urlencode "assertion=$header.$claims.$signature"`;
  const absent = await missing(['bash', 'openssl', 'curl']);
  if (absent) return void t.comment(`skipped: this machine has no ${absent}`);
  const { stdout } = await promisify(execFile)('bash', ['-c', script, 'bash', folder, server.issuer, clientId]);
  t.ok(await verifies(server, JSON.parse(stdout).access_token));
});

async function missing(commands: readonly string[]): Promise<string | undefined> {
  for (const command of commands) {
    try {
      await promisify(execFile)(command, ['--version']);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return command;
    }
  }
  return undefined;
}
