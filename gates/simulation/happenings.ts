import { type Chance, pick } from '../chance.ts';
import { consentId } from './grants.ts';
import type { Change, Outside } from './step.ts';
import {
  CONSUMER,
  CUSTOMER,
  ELSEWHERE,
  ISSUER,
  NEIGHBOUR,
  OPERATOR,
  OTHER_OWNER,
  OWNER,
  SCOPES,
  STRANGER,
  SUPPLIER,
} from './world.ts';

/** When a change is made, and the ids of the delegations that have been given before it. */
export type Situation = { readonly now: number; readonly isGiving: boolean; readonly delegations: string[] };

type Making = Situation & { readonly next: Chance };

/** A change by chance; a giving one lets somebody in, or act for somebody. */
export function changeOf(situation: Situation, next: Chance): Change {
  return pick(situation.isGiving ? GIVING : ALL, next)({ ...situation, next });
}

/** Who acts for the clients of the world, mostly. */
const CARETAKERS: Readonly<Record<string, string>> = { own: CONSUMER, supplying: SUPPLIER, sealed: SUPPLIER, made: SUPPLIER };

function anyClient(next: Chance): { readonly client: string; readonly by: string } {
  const client = pick(Object.keys(CARETAKERS), next);
  return { client, by: next(10) > 0 ? (CARETAKERS[client] ?? '') : pick([CONSUMER, CUSTOMER], next) };
}

/** The ids that delegations and system users of the schedules have. */
function idOf(kind: string, next: Chance): string {
  return `00000000-0000-4000-${kind}000-00000000000${next(4)}`;
}

/** No two delegations have one id. */
function newDelegation(delegations: string[]): string {
  const id = `00000000-0000-4000-b000-${String(delegations.length).padStart(12, '0')}`;
  delegations.push(id);
  return id;
}

const GIVING: readonly ((making: Making) => Change)[] = [
  ({ now, next, delegations }) => ({
    ...{ what: 'delegate', id: newDelegation(delegations) },
    ...{ by: pick([CONSUMER, CONSUMER, CUSTOMER, SUPPLIER], next), supplier: SUPPLIER },
    scopes: pick([['prove:delegated'], ['other:neighbour'], ['prove:delegated', 'other:neighbour'], ['other:elsewhere']], next),
    ...(next(5) === 0 && { validFrom: now + pick([0, 1, 20, 300], next) }),
    ...(next(3) === 0 && { validTo: now + pick([0, 1, 20, 300, 3_000], next) }),
  }),
  ({ now, next }) => ({
    ...{ what: 'consent', id: consentId(next(2)), from: CUSTOMER, to: pick([CONSUMER, SUPPLIER], next) },
    validTo: now + pick([0, 1, 200, 5_000], next),
  }),
  ({ next }) => ({
    ...{ what: 'request system user', id: idOf('c', next), customer: pick([CONSUMER, CUSTOMER], next) },
    ...(next(4) === 0 && { externalRef: 'second' }),
  }),
  ({ next }) => ({ what: 'approve system user', id: idOf('c', next), by: pick([CONSUMER, CUSTOMER], next) }),
  ({ next }) => ({
    what: 'grant access',
    scope: pick(SCOPES, next),
    consumer: pick([CONSUMER, SUPPLIER, CUSTOMER, STRANGER], next),
  }),
  ({ next }) => ({
    ...{ what: 'add customer', client: pick(['own', 'supplying', 'made'], next), id: pick(['customer-1', 'customer-2'], next) },
    orgno: pick([CUSTOMER, STRANGER], next),
  }),
];

const TAKING: readonly ((making: Making) => Change)[] = [
  ({ next }) => ({ what: 'withdraw access', scope: pick(SCOPES, next), consumer: pick([CONSUMER, SUPPLIER, CUSTOMER], next) }),
  ({ next }) => ({ what: 'deactivate scope', scope: pick(SCOPES, next) }),
  ({ next }) => ({
    ...{ what: 'set scope', scope: pick(SCOPES, next) },
    set: {
      ...{ active: next(8) > 0, accessibleForAll: next(3) === 0, atMaxAge: pick([0, 60, 90], next) },
      ...(next(4) > 0 && { delegationSource: pick([ISSUER, NEIGHBOUR, ELSEWHERE], next) }),
      ...(next(8) === 0 && { enforcedAudience: 'https://forced.example.no/' }),
    },
  }),
  ({ next }) => ({
    ...{ what: 'set client', ...anyClient(next) },
    set: { active: next(6) > 0, scopes: SCOPES.filter(() => next(4) > 0), lifetime: pick([0, 120, 45, 7_200], next) },
  }),
  ({ next }) => ({ what: 'deactivate client', ...anyClient(next) }),
  ({ next }) => ({ what: next(2) === 0 ? 'block client' : 'unblock client', client: pick(Object.keys(CARETAKERS), next) }),
  ({ now, next }) => {
    const { client, by } = anyClient(next);
    const kid = pick([`k-${client}`, `new-${client}`, `bound-${client}:enterprise`, `k-${next(9)}`], next);
    return { what: 'put key', client, by, kid, exp: now + pick([-5, 0, 60, 5_000, 99_999_999], next) };
  },
  ({ next }) => {
    const { client, by } = anyClient(next);
    return { what: 'remove key', client, by, kid: pick([`k-${client}`, `k-${client}-2`, `new-${client}`], next) };
  },
  ({ next }) => ({ what: 'remove keys', ...anyClient(next) }),
  ({ next }) => ({
    ...{ what: 'set organization', active: next(4) === 0 },
    orgno: pick([CONSUMER, SUPPLIER, CUSTOMER, OWNER, OTHER_OWNER, OPERATOR], next),
  }),
  ({ next, delegations }) => ({
    ...{ what: 'end delegation', by: pick([CONSUMER, CONSUMER, CUSTOMER, SUPPLIER], next) },
    id: pick([...delegations.slice(-3), 'never'], next),
  }),
  ({ next }) => ({ what: 'revoke consent', id: consentId(next(2)), by: pick([CUSTOMER, CUSTOMER, CONSUMER, STRANGER], next) }),
  ({ next }) => ({ what: 'revoke system user', id: idOf('c', next), by: pick([SUPPLIER, CUSTOMER, CONSUMER], next) }),
  ({ next }) => ({
    ...{ what: 'set system', active: next(3) > 0 },
    clientIds: ['supplying', 'sealed', 'own', 'made'].filter(
      (_, place) => next(place < 2 ? 4 : 20) === 0 || (place === 0 && next(3) > 0),
    ),
  }),
  ({ next }) => ({ what: 'set source', name: pick(['neighbour', 'elsewhere'], next), active: next(2) === 0 }),
  ({ next }) => ({
    what: 'remove customer',
    client: pick(['own', 'supplying'], next),
    id: pick(['customer-1', 'customer-2'], next),
  }),
];

/** Puts right what others have taken, or there would soon be nothing left to take. */
const REPAIRING: readonly ((making: Making) => Change)[] = [
  ({ next }) => ({ what: 'set organization', orgno: pick([CONSUMER, SUPPLIER, CUSTOMER], next), active: true }),
  ({ next }) => ({ what: 'unblock client', client: pick(Object.keys(CARETAKERS), next) }),
  ({ next }) => {
    const client = pick(Object.keys(CARETAKERS), next);
    return { what: 'set client', client, by: CARETAKERS[client] ?? '', set: { active: true, scopes: SCOPES, lifetime: 60 } };
  },
  ({ now, next }) => {
    const client = pick(['own', 'supplying', 'made'], next);
    return { what: 'put key', client, by: CARETAKERS[client] ?? '', kid: `k-${client}`, exp: now + 5_000 };
  },
  ({ next }) => ({ what: 'set source', name: pick(['neighbour', 'elsewhere'], next), active: true }),
  () => ({ what: 'set system', active: true, clientIds: ['supplying', 'sealed'] }),
];

const ALL = [...GIVING, ...TAKING, ...REPAIRING, ...REPAIRING];

/** What happens outside, by chance: more is given than is taken. */
export function outsideOf(next: Chance): Outside {
  const customer = pick([CONSUMER, CUSTOMER], next);
  const scope = pick(['other:elsewhere', 'other:elsewhere', 'prove:delegated'], next);
  const delegation = { scope, consumer: pick([CONSUMER, CONSUMER, CUSTOMER], next), supplier: SUPPLIER };
  const consent = {
    id: consentId(next(2)),
    from: `urn:altinn:organization:identifier-no:${CUSTOMER}`,
    to: pick([CONSUMER, SUPPLIER], next),
  };
  return pick<Outside>(
    [
      { what: 'delegates', ...delegation },
      { what: 'delegates', ...delegation },
      { what: 'ends', ...delegation },
      { what: 'has system user', customer },
      { what: 'has system user', customer },
      { what: 'has no system user', customer },
      { what: 'has consent', ...consent },
      { what: 'has consent', ...consent },
      { what: 'has no consent', ...consent },
      { what: 'certificate revoked', name: pick(['seal', 'enterprise', 'ending'], next) },
    ],
    next,
  );
}
