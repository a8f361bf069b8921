import { type Chance, pick } from '../chance.ts';
import type { PlainGrant } from './step.ts';
import { base64, CERTIFICATES, CONSUMER, CUSTOMER, ISSUER, SCOPES, STRANGER, SUPPLIER, type World } from './world.ts';

/** Who signs, and when it believes that it is. */
export type Sender = { readonly world: World; readonly now: number; readonly serial: number };

type Claims = Record<string, unknown>;

/** A grant by chance: most are well made and ask for what may be given, and some are wrong in one way or two. */
export function grantOf(sender: Sender, next: Chance): PlainGrant {
  const clientId = pick(['own', 'supplying', 'supplying', 'sealed', 'made'] as const, next);
  const client = sender.world.clients.find((each) => each.clientId === clientId);
  const carried = client?.scopes ?? [];
  const scope = carried.length > 0 && next(12) > 0 ? pick(carried, next) : pick(SCOPES, next);
  const second = next(6) === 0 ? ` ${pick(SCOPES, next)}` : '';
  const claims: Claims = {
    ...{ iss: clientId, aud: ISSUER, scope: `${scope}${second}` },
    ...timesOf(sender.now, next),
    ...(next(6) > 0 && { jti: next(8) > 0 ? `j${sender.serial}` : `j${next(4)}` }),
    ...actingFor(clientId, { scope, sender, next }),
    ...extras(next),
  };
  const grant = { ...proofOf(clientId, { sender, next }), claims };
  return next(9) === 0 ? pick(MISTAKES, next)(grant, sender) : grant;
}

/** Mostly fresh, and often at an edge of what is allowed. Contract §1.4 */
function timesOf(now: number, next: Chance): Claims {
  const isAtEdge = next(5) === 0;
  const ago = isAtEdge ? pick([9, 10, 11, 60, 118, 119, 120, -9, -10, -11], next) : pick([0, 1, 5], next);
  const life = isAtEdge ? pick([120, 121, 119, 1, 0], next) : pick([120, 60, 30], next);
  const nbf = next(10) === 0 ? { nbf: now + pick([0, 9, 10, 11], next) } : {};
  return { iat: now - ago, exp: now - ago + life, ...nbf };
}

function actingFor(
  clientId: string,
  { scope, sender, next }: { readonly scope: string; readonly sender: Sender; readonly next: Chance },
): Claims {
  const isDelegable = scope === 'prove:delegated' || scope.startsWith('other:');
  if (clientId !== 'made' && clientId !== 'own' && isDelegable && next(4) > 0)
    return { consumer_org: pick([CONSUMER, CONSUMER, CUSTOMER], next) };
  if (next(sender.world.settings.onBehalfOf ? 8 : 80) === 0) return { iss_onbehalfof: pick(['customer-1', 'customer-2'], next) };
  return next(25) === 0 ? { consumer_org: pick([CONSUMER, SUPPLIER, STRANGER], next) } : {};
}

function extras(next: Chance): Claims {
  const details = next(6) === 0 ? { authorization_details: [next(2) === 0 ? systemUserOf(next) : consentOf(next)] } : {};
  return {
    ...(next(6) === 0 && {
      resource: pick(
        ['https://a.example.no/', ['https://a.example.no/'], ['https://a.example.no/', 'https://b.example.no/']],
        next,
      ),
    }),
    ...(next(12) === 0 && { pid: '01819010001' }),
    ...details,
  };
}

function systemUserOf(next: Chance): object {
  const ID = `0192:${pick([CONSUMER, CUSTOMER], next)}`;
  const owner = { authority: 'iso6523-actorid-upis', ID };
  return { type: 'urn:altinn:systemuser', systemuser_org: owner, ...(next(4) === 0 && { externalRef: 'second' }) };
}

function consentOf(next: Chance): object {
  const from = `urn:altinn:organization:identifier-no:${pick([CUSTOMER, CUSTOMER, STRANGER], next)}`;
  return { type: 'urn:altinn:consent', id: consentId(next(2)), from };
}

/** The ids that consents of the schedules have. */
export function consentId(number: number): string {
  return `00000000-0000-4000-a000-00000000000${number}`;
}

type Proof = Pick<PlainGrant, 'header' | 'signedBy'>;

function proofOf(clientId: string, { sender, next }: { readonly sender: Sender; readonly next: Chance }): Proof {
  const alg = pick(['RS256', 'RS256', 'RS256', 'RS512'], next);
  if (clientId === 'sealed') {
    const certificate = pick(['seal', 'seal', 'seal', 'enterprise', 'enterprise', 'enterprise', 'ending', 'others'], next);
    return { header: { alg, x5c: [base64(certificate)] }, signedBy: CERTIFICATES[certificate]?.key ?? '' };
  }
  const keys = sender.world.clients.find((each) => each.clientId === clientId)?.keys ?? [];
  const kid =
    next(10) === 0 ? pick([`k-${clientId}-2`, `new-${clientId}`, `bound-${clientId}:enterprise`], next) : (keys[0]?.kid ?? '');
  return { header: { alg, kid }, signedBy: kid };
}

/** What clients get wrong, and strangers try. */
const MISTAKES: readonly ((grant: PlainGrant & { readonly claims: Claims }, sender: Sender) => PlainGrant)[] = [
  (grant) => ({ ...grant, signedBy: 'k-stranger' }),
  (grant) => ({ ...grant, header: { ...grant.header, alg: 'HS256' } }),
  (grant) => ({ ...grant, header: { ...grant.header, kid: 'k-unknown' } }),
  (grant) => ({ ...grant, header: { alg: grant.header.alg } }),
  (grant) => ({ ...grant, header: { ...grant.header, x5c: [base64('enterprise')] } }),
  (grant) => ({ ...grant, header: { alg: grant.header.alg, x5c: base64('enterprise') } }),
  (grant) => ({ ...grant, header: { alg: grant.header.alg, x5c: [base64('nobody')] } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, aud: `${ISSUER}token` } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, iss: 'nobody' } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, consumer_orgno: CONSUMER } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, consumer_org: CONSUMER, iss_onbehalfof: 'customer-1' } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, consumer_org: `0192:${CONSUMER}` } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, pid: '01819010002' } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, resource: 'nowhere' } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, exp: String(grant.claims.exp) } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, exp: Number(grant.claims.exp) + 0.9 } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, scope: `${grant.claims.scope} ${grant.claims.scope}` } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, scope: `${grant.claims.scope} prove:missing` } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, authorization_details: [{ type: 'urn:altinn:other' }] } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, authorization_details: [{ type: 'urn:altinn:consent', more: 1 }] } }),
  (grant) => ({ ...grant, claims: { ...grant.claims, authorization_details: [consentOf(() => 0), consentOf(() => 0)] } }),
  (grant, { now }) => ({ ...grant, claims: { ...grant.claims, iat: now - 120, exp: now } }),
  (grant, { now }) => ({ ...grant, claims: { ...grant.claims, iat: now - 119, exp: now + 1 } }),
];
