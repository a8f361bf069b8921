import type { PlainGrant } from '../step.ts';
import { CERTIFICATES, ISSUER } from '../world.ts';
import type { ModelClient, ModelKey, State } from './state.ts';

const CLAIMS = 'iss aud scope iat exp nbf jti sub resource pid consumer_org iss_onbehalfof authorization_details'.split(' ');

/** Contract §1.5 no. 3 and 4: what can be seen without looking anything up. The refusal's code, or none. */
export function flawOfShape({ settings }: State, { header, claims }: PlainGrant): string | undefined {
  if (!['RS256', 'RS384', 'RS512'].includes(header.alg)) return 'MP-011';
  for (const name of ['iss', 'aud', 'scope']) if (typeof claims[name] !== 'string') return 'MP-011';
  for (const name of ['iat', 'exp']) if (typeof claims[name] !== 'number' || claims[name] < 0) return 'MP-011';
  if (claims.nbf !== undefined && typeof claims.nbf !== 'number') return 'MP-011';
  for (const name of ['jti', 'pid', 'consumer_org', 'iss_onbehalfof'])
    if (claims[name] !== undefined && typeof claims[name] !== 'string') return 'MP-011';
  if (Object.keys(claims).some((name) => !CLAIMS.includes(name))) return 'PV-014';
  if (settings.requireJti && claims.jti === undefined) return 'MP-011';
  if (claims.iss_onbehalfof === undefined) return undefined;
  if (claims.consumer_org !== undefined) return 'PV-015';
  return settings.onBehalfOf ? undefined : 'PV-016';
}

/** The client that an issuer names, as far as it may act. Contract §1.5 no. 5 */
export function actingClient(state: State, grant: PlainGrant): ModelClient | undefined {
  const client = state.clients.get(String(grant.claims.iss));
  if (!client?.active || client.blocked) return undefined;
  if (!state.organizations.get(client.orgno)) return undefined;
  if (client.supplier !== undefined && !state.organizations.get(client.supplier)) return undefined;
  return (state.settings.integrationTypes as readonly string[]).includes(client.type) ? client : undefined;
}

/** Contract §1.5 no. 5 to 14: who it is, and when. */
export function flawOfIdentity(state: State, grant: PlainGrant, now: number): string | undefined {
  const client = actingClient(state, grant);
  if (!client) return 'MP-100';
  if (grant.claims.aud !== ISSUER) return 'MP-110';
  return flawOfKey(state, client, { grant, now }) ?? flawOfTime(state, grant, now);
}

type Moment = { readonly grant: PlainGrant; readonly now: number };

function flawOfKey(state: State, client: ModelClient, { grant, now }: Moment): string | undefined {
  const { kid, x5c, alg } = grant.header;
  if (kid === undefined && x5c === undefined) return 'PV-127';
  if (kid !== undefined && x5c !== undefined && !state.settings.kidWinsOverX5c) return 'PV-128';
  if (kid === undefined) {
    if (client.keys.length > 0) return 'PV-126';
    if (typeof x5c === 'string') return 'MP-123';
    const name = Buffer.from(x5c?.[0] ?? '', 'base64').toString();
    return flawOfCertificate(state, { name, client, now }) ?? (grant.signedBy === CERTIFICATES[name]?.key ? undefined : 'MP-124');
  }
  const key = client.keys.find((each) => each.kid === kid);
  if (!key) return 'PV-125';
  if (key.alg !== undefined && key.alg !== alg) return 'PV-129';
  if (key.expires <= now) return 'MP-121';
  return flawOfBinding(state, key, { client, now }) ?? (grant.signedBy === key.kid ? undefined : 'MP-124');
}

/** A registered key that is bound to a certificate counts only while the certificate does. `PV-SEC-058` */
function flawOfBinding(state: State, { certificate }: ModelKey, at: { client: ModelClient; now: number }): string | undefined {
  return certificate === undefined ? undefined : flawOfCertificate(state, { name: certificate, ...at });
}

function flawOfCertificate(
  { outside }: State,
  { name, client, now }: { readonly name: string; readonly client: ModelClient; readonly now: number },
): string | undefined {
  const certificate = CERTIFICATES[name];
  if (!certificate || certificate.notAfter <= now || outside.has(`revoked ${name}`)) return 'MP-120';
  return certificate.organization === client.orgno ? undefined : 'MP-122';
}

/** Contract §1.5 no. 13 and 14, `PV-SEC-023` to `PV-SEC-025`: whole seconds, no leeway but what is set. */
function flawOfTime({ settings }: State, { claims }: PlainGrant, now: number): string | undefined {
  const [iat, exp, nbf] = [Math.trunc(Number(claims.iat)), Math.trunc(Number(claims.exp)), Math.trunc(Number(claims.nbf ?? 0))];
  if (exp + settings.expLeeway <= now) return 'MP-130';
  if (settings.iatMaxAge !== undefined && iat < now - settings.iatMaxAge) return 'MP-130';
  if (exp - iat > 120 || exp - iat < 1) return 'PV-132';
  if (iat > now + 10) return 'PV-131';
  return nbf > now + 10 ? 'PV-133' : undefined;
}
