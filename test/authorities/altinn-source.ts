import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { makeKeyPair } from '../../fixtures/test-ca.ts';
import type { World } from '../../fixtures/world.ts';
import { publicJwk, thumbprint } from '../../keys/thumbprint.ts';
import type { AltinnSource, Source } from '../../server/core/source.ts';
import { START, startTestServer, type TestServer, type Wishes } from '../token/server.ts';

/** The scopes by which the look-ups are opened. */
export const LOOKUP_SCOPES = [
  'altinn:maskinporten/delegations.admin',
  'altinn:maskinporten/systemuser.read',
  'altinn:maskinporten/consent.read',
] as const;

/** Our client at the source, and the key that it signs with: one for a whole test file. */
export const OWN_CLIENT = 'spoerrer';
const keyPair = makeKeyPair();

/** The private key of our client as a file that a configuration may name. */
export async function keyFile(t: Test): Promise<string> {
  const file = join(t.testdir({}), 'source.pem');
  writeFileSync(file, (await keyPair).privateKey.export({ type: 'pkcs8', format: 'pem' }));
  chmodSync(file, 0o600);
  return file;
}

/** The world in which our client is registered, with everything that it needs to look up. */
export async function withOwnClient(world: World, orgno: string): Promise<World> {
  const jwk = publicJwk((await keyPair).privateKey);
  const kid = thumbprint(jwk);
  return {
    ...world,
    organizations: world.organizations.map((each) =>
      each.orgno === orgno ? { ...each, adminScopes: [...each.adminScopes, ...LOOKUP_SCOPES] } : each,
    ),
    clients: [
      ...world.clients,
      {
        ...{
          clientId: OWN_CLIENT,
          name: OWN_CLIENT,
          orgno,
          active: true,
          integrationType: 'maskinporten',
          accessTokenLifetime: 0,
        },
        ...{ scopes: LOOKUP_SCOPES, keys: [{ kid, jwk, thumbprint: kid, alg: 'RS256' }], details: {} },
      },
    ],
  };
}

/** The source as it is registered at the server that asks. */
export function sourceOf(issuer: string, changes: Partial<AltinnSource & Pick<Source, 'active'>> = {}): Source {
  return {
    ...{ name: 'annen', issuer, kind: 'altinn', baseUrl: issuer, clientId: OWN_CLIENT, keyName: 'annen' },
    ...{ cacheSeconds: 0, timeoutMs: 2_000, active: true, created: START, lastUpdated: START },
    ...changes,
  };
}

/** A server that asks the source about everything: the delegations of every scope, system users and consents. */
export async function startAsking(t: Test, source: Source, wishes: Wishes = {}): Promise<TestServer> {
  const answering = { delegations: 'local', systemUsers: source.name, consents: source.name } as const;
  return startTestServer(t, {
    config: { authorities: answering, sourceKeys: { annen: await keyFile(t) } },
    world: (world) => ({
      ...world,
      ...{ delegations: [], systems: [], systemUsers: [], consents: [], sources: [source] },
      scopes: world.scopes.map((scope) => ({ ...scope, ...(scope.delegationSource && { delegationSource: source.issuer }) })),
    }),
    ...wishes,
  });
}
