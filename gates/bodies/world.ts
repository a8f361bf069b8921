import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { World } from '../../fixtures/world.ts';
import type { Filling } from '../../proving/data-directory.ts';
import { ADMIN_SCOPES, type AdminScope, OPERATOR_SCOPE } from '../../server/core/admin-scopes.ts';
import { DAY, type EpochSeconds, HOUR } from '../../server/core/time.ts';

const { consumer, supplier } = ORGANIZATIONS;

/** The organisation whose clients send what is changed, and its clients: one for nearly everything, one that speaks for whoever consents. */
export const MEMBER = consumer.orgno;
export const MEMBER_CLIENT = 'demo-consumer-admin';
export const FRONT: AdminScope = 'portvakt:consents.front';
export const MEMBER_SCOPES = ADMIN_SCOPES.filter((scope) => scope !== OPERATOR_SCOPE && scope !== FRONT);
export const OPERATOR_CLIENT = 'demo-operator';

/** What the organisation has of its own. */
export const OWN = {
  prefix: 'egen',
  scope: 'egen:les',
  system: `${MEMBER}_eget`,
  consent: 'ecb2a6a5-5a3e-4c56-9c3c-0f2f9e4e2b99',
  onBehalfOf: 'kunde',
} as const;

/** A scope of the owner's, for which access has to be asked. */
export const CLOSED = 'prove:lukket.read';

/** The made-up world, with something of every kind that is the organisation's own, and every right of one that is not the operator. */
export function worldOfBodies(world: World, now: EpochSeconds): World {
  const scopes = [...MEMBER_SCOPES, FRONT];
  return {
    ...world,
    organizations: world.organizations.map((each) => (each.orgno === MEMBER ? { ...each, adminScopes: scopes } : each)),
    prefixes: [...world.prefixes, { prefix: OWN.prefix, ownerOrgno: MEMBER, active: true }],
    scopes: [...world.scopes, ...world.scopes.filter(({ name }) => name === 'prove:bygg.read').flatMap(likewise)],
    clients: world.clients.map((client) => ({
      ...client,
      accessTokenLifetime: HOUR,
      ...(client.name === MEMBER_CLIENT && { scopes }),
    })),
    systems: [...world.systems, { systemId: OWN.system, vendorOrgno: MEMBER, name: 'Eget', clientIds: [], active: true }],
    consents: [
      ...world.consents,
      {
        ...{ id: OWN.consent, from: `urn:altinn:organization:identifier-no:${MEMBER}`, toOrgno: supplier.orgno },
        ...{ validTo: now + 30 * DAY, revoked: false },
        rights: [{ action: ['consent'], resource: [{ type: 'urn:altinn:resource', value: 'prove-inntekt' }] }],
      },
    ],
  };
}

/** A scope of its own, and one of the owner's to which it has no access. */
function likewise(scope: World['scopes'][number]): World['scopes'] {
  return [
    { ...scope, name: OWN.scope, prefix: OWN.prefix, subscope: 'les', ownerOrgno: MEMBER },
    { ...scope, name: CLOSED, subscope: CLOSED.slice(scope.prefix.length + 1) },
  ];
}

/** Somebody else asks for access to the organisation's own scope: no world holds such a wish. */
export const askForAccess: Filling = (storage, { now }) =>
  storage.transaction(async ({ accesses, clients }) => {
    const [asker] = await clients.listOf(supplier.orgno);
    if (!asker) throw new Error('the supplier of the made-up world has no client');
    const times = { created: now, lastUpdated: now };
    await accesses.put({
      scope: OWN.scope,
      consumerOrgno: supplier.orgno,
      state: 'REQUESTED',
      requestedBy: asker.clientId,
      ...times,
    });
  });
