import { assertClaimsAreKnown } from './assertion.ts';
import type { Check } from './checks.ts';
import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';
import type { ClientAmr, VerificationKey } from './ports.ts';
import { useWouldBeRemembered } from './replay-floor.ts';
import { ASSERTION_MAX_LIFETIME, CLOCK_SKEW } from './settings.ts';

/**
 * The checks before an assertion is spent, in the order of contract §1.5 no. 1 to 14: it can be read, and the client that signed
 * it is who it says, now. Nothing that would disclose the client's rights stands here.
 */
export const authentication: readonly Check[] = [
  { id: 'form', title: 'the request is a form with one JWT bearer grant', check: (grant) => void grant.assertion() },
  { id: 'jws', title: 'the assertion is one signed JWT', check: (grant) => void grant.jws() },
  { id: 'header', title: 'its header is understood', check: (grant) => void grant.header() },
  { id: 'claims', title: 'the required claims are there, each of its type', check: (grant) => void grant.claims() },
  { id: 'known_claims', title: 'no claim is unknown', check: (grant) => assertClaimsAreKnown(grant.jws()) },
  { id: 'jti', title: 'it has a jti where one is demanded', check: jtiIsThereIfDemanded },
  { id: 'on_behalf_of', title: 'iss_onbehalfof is absent, or in use here', check: onBehalfOfIsInUse },
  { id: 'client', title: 'the client exists and is active', check: clientIsKnown },
  { id: 'audience', title: 'aud is the issuer', check: audienceIsTheIssuer },
  { id: 'key_choice', title: 'the header names a key that the client may use', check: keyIsNamed },
  { id: 'key_algorithm', title: "alg is the key's own", check: algorithmIsTheKeys },
  { id: 'key_valid', title: 'the registered key has not ended', check: keyHasNotEnded },
  { id: 'x5c', title: 'x5c is an array of certificates', check: x5cIsReadable },
  { id: 'certificate', title: 'the certificate is valid and trusted', check: certificateIsTrusted },
  { id: 'certificate_organization', title: "the certificate's organisation is the client's", check: certificateIsTheClients },
  { id: 'signature', title: 'the signature is right', check: signatureHolds },
  { id: 'expiry', title: 'the assertion has not expired', check: assertionHasNotExpired },
  { id: 'lifetime', title: `it lives for 1 to ${ASSERTION_MAX_LIFETIME} seconds`, check: assertionIsShortLived },
  { id: 'issue_time', title: `it was not issued more than ${CLOCK_SKEW} seconds ahead`, check: assertionIsNotFromTheFuture },
  { id: 'replay_floor', title: 'the server would remember if it had been used', check: useWouldBeRemembered },
];

/** How the client proved who it is. Contract §2.4 */
export async function amr(grant: Grant): Promise<ClientAmr> {
  return grant.signedBy() === 'kid' ? 'private_key_jwt' : (await grant.certificate()).amr;
}

/** As {@link amr}; of a grant that nobody has signed what is certain: a client that has keys cannot use a certificate. */
export async function foreseeableAmr(grant: Grant): Promise<ClientAmr | undefined> {
  if (!grant.isSimulated) return amr(grant);
  return (await grant.client()).keys.length > 0 ? 'private_key_jwt' : undefined;
}

function jtiIsThereIfDemanded(grant: Grant): void {
  if (grant.ports.settings.requireJti && grant.claims().jti === undefined)
    throw new Fault('MP-011', { expected: 'jti', got: 'nothing' });
}

/** Together with `consumer_org` it is refused whether it is in use or not. Contract §1.5 no. 4, `PV-SEC-020` */
function onBehalfOfIsInUse(grant: Grant): void {
  const { consumerOrg, onBehalfOf } = grant.claims();
  if (onBehalfOf === undefined) return;
  if (consumerOrg !== undefined) throw new Fault('PV-015');
  if (!grant.ports.settings.onBehalfOf) throw new Fault('PV-016');
}

async function clientIsKnown(grant: Grant): Promise<void> {
  await grant.client();
}

/** A string, or an array of exactly that one; compared byte for byte. RFC 7523 §3 (3), `PV-SEC-017` */
function audienceIsTheIssuer(grant: Grant): void {
  const { issuer } = grant.ports.settings;
  const { aud } = grant.claims();
  const values = typeof aud === 'string' ? [aud] : aud;
  if (values.length === 1 && values[0] === issuer) return;
  throw new Fault('MP-110', { expected: issuer, got: nearMiss(values, issuer) });
}

/** Says how `aud` differs, without echoing what has no grammar. */
function nearMiss(values: readonly string[], issuer: string): string {
  if (values.length !== 1) return `${values.length} values`;
  if (`${values[0]}/` === issuer) return 'the issuer without its final slash';
  return values[0]?.startsWith(issuer) ? 'an address below the issuer' : 'another value';
}

/** A client with registered keys signs with one of them; only one without may use its certificate. Contract §1.3 */
async function keyIsNamed(grant: Grant): Promise<void> {
  if (grant.signedBy() === 'kid') await grant.registeredKey();
  else if ((await grant.client()).keys.length > 0) throw new Fault('PV-126', { expected: 'kid', got: 'x5c' });
}

async function algorithmIsTheKeys(grant: Grant): Promise<void> {
  if (grant.signedBy() === 'x5c') return;
  const { alg } = grant.header();
  const key = await grant.registeredKey();
  if (key.alg !== undefined && key.alg !== alg) throw new Fault('PV-129', { expected: key.alg, got: alg });
}

async function keyHasNotEnded(grant: Grant): Promise<void> {
  if (grant.signedBy() === 'x5c') return;
  const { expires } = await grant.registeredKey();
  if (expires <= grant.now)
    throw new Fault('MP-121', { expected: 'a key that has not ended', got: `ended ${grant.now - expires} s ago` });
}

function x5cIsReadable(grant: Grant): void {
  if (grant.signedBy() === 'x5c') grant.chain();
}

/** A registered key that is bound to a certificate is usable only while the certificate is. `PV-SEC-058` */
async function certificateIsTrusted(grant: Grant): Promise<void> {
  if (await restsOnCertificate(grant)) await grant.certificate();
}

/** For a client that a supplier made, the customer's certificate counts. Contract §5.6, `PV-SEC-018` */
async function certificateIsTheClients(grant: Grant): Promise<void> {
  if (!(await restsOnCertificate(grant))) return;
  const { orgno } = await grant.client();
  const { organization } = await grant.certificate();
  if (organization !== orgno) throw new Fault('MP-122', { expected: orgno, got: organization });
}

/** Whether a certificate proves who the client is: the one in `x5c`, or the one that its registered key is bound to. */
export async function restsOnCertificate(grant: Grant): Promise<boolean> {
  return grant.signedBy() === 'x5c' || (await grant.registeredKey()).x5c !== undefined;
}

/** The only public-key operation of a request whose certificate, if any, is known. `PV-SEC-022` */
async function signatureHolds(grant: Grant): Promise<void> {
  const { signingInput, signature } = grant.jws();
  const { alg } = grant.header();
  const key: VerificationKey = grant.signedBy() === 'kid' ? await grant.registeredKey() : (await grant.certificate()).key;
  if (!grant.ports.verifier.verify(alg, key, signingInput, signature)) throw new Fault('MP-124');
}

/** Contract §1.5 no. 13, RFC 7523 §3 (4) */
function assertionHasNotExpired(grant: Grant): void {
  const { exp, iat } = grant.claims();
  const { expLeeway, iatMaxAge } = grant.ports.settings;
  if (exp + expLeeway <= grant.now)
    throw new Fault('MP-130', { expected: 'exp ahead of the clock', got: `expired ${grant.now - exp} s ago` });
  if (iatMaxAge !== undefined && grant.now - iat > iatMaxAge) {
    throw new Fault('MP-130', { expected: `iat at most ${iatMaxAge} s ago`, got: `${grant.now - iat} s ago` });
  }
}

function assertionIsShortLived(grant: Grant): void {
  const { exp, iat } = grant.claims();
  const lifetime = exp - iat;
  if (lifetime >= 1 && lifetime <= ASSERTION_MAX_LIFETIME) return;
  throw new Fault('PV-132', {
    say: { lifetime: `${lifetime}` },
    expected: `1 to ${ASSERTION_MAX_LIFETIME} s`,
    got: `${lifetime} s`,
  });
}

/** Contract §1.5 no. 14 */
function assertionIsNotFromTheFuture(grant: Grant): void {
  const { iat, nbf = 0 } = grant.claims();
  const latest = grant.now + CLOCK_SKEW;
  if (iat > latest) throw new Fault('PV-131', { expected: `at most ${CLOCK_SKEW} s ahead`, got: `${iat - grant.now} s ahead` });
  if (nbf > latest) throw new Fault('PV-133', { expected: `at most ${CLOCK_SKEW} s ahead`, got: `${nbf - grant.now} s ahead` });
}
