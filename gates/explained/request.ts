import { type KeyObject, sign } from 'node:crypto';
import { type AssertionOptions, makeAssertion, signRaw } from '../../fixtures/assertion.ts';
import { CONSENTS, EXTERNAL_REF, GIVER } from '../../fixtures/made-up-acting.ts';
import { type Credentials, ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import type { EpochSeconds } from '../../server/core/time.ts';
import { type Chance, pick } from '../chance.ts';
import { mutate } from '../mutate.ts';
import { mutateJson } from '../mutate-json.ts';

/** What the requests are made of. */
export type Materials = {
  readonly clients: readonly Credentials[];
  readonly issuer: string;
  readonly now: EpochSeconds;
};

const SOUND = ['prove:bygg.read', 'prove:kart.read', 'prove:bygg.read prove:kart.read'];
const SCOPES = [
  ...[
    'prove:arkiv.read',
    'prove:innbygger.read',
    'prove:finnes.ikke',
    'prove:kart.read prove:kart.read',
    'portvakt:operator',
    ' ',
  ],
];

/** Clients whose sound requests get a token. */
const CAPABLE = ['demo-consumer', 'demo-certificate', 'demo-chain', 'demo-supplier'];

const ORGNOS = Object.values(ORGANIZATIONS).map(({ orgno }) => orgno);

/**
 * An assertion by chance: sound ones, and such as break each rule, alone or several at once; some are changed after they were made, and
 * signed again or not.
 */
export async function makeRequest({ clients, issuer, now }: Materials, number: number, next: Chance): Promise<string> {
  const client = pick(next(3) === 0 ? clients : clients.filter(({ name }) => CAPABLE.includes(name)), next);
  const options: AssertionOptions = {
    ...{ ...client, scope: pick(next(4) === 0 ? SCOPES : SOUND, next), now, audience: issuer, jti: `${number}` },
    ...(next(12) === 0 && { audience: pick([issuer.slice(0, -1), `${issuer}token`, 'https://elsewhere.example/', ''], next) }),
    ...(next(12) === 0 && { now: now + pick([-200, -61, -1, 5, 10, 11, 47], next) }),
    ...(next(12) === 0 && { lifetime: pick([0, 1, 119, 120, 121, 3_600, -5], next) }),
    ...(next(16) === 0 && { key: pick(clients, next).key }),
    ...(next(16) === 0 && { header: headerOf(clients, next) }),
    ...(next(16) === 0 && { alg: pick(['RS384', 'RS512'] as const, next) }),
    claims: { ...(next(4) === 0 && claimsOf(next)), ...(next(8) === 0 && claimsOf(next)) },
  };
  const assertion = await makeAssertion(options);
  return next(10) === 0 ? changed(assertion, options.key, next) : assertion;
}

function headerOf(clients: readonly Credentials[], next: Chance): Readonly<Record<string, unknown>> {
  const other = pick(clients, next);
  return pick<Readonly<Record<string, unknown>>>(
    [
      { kid: undefined, x5c: undefined },
      { kid: 'x' },
      { kid: 'x', x5c: other.x5c ?? [] },
      { kid: undefined, x5c: ['x'] },
      { typ: 'x' },
    ],
    next,
  );
}

/** Claims beside the usual ones, each of them right in some requests and wrong in others. */
function claimsOf(next: Chance): object {
  const consent = { type: 'urn:altinn:consent', id: pick([...Object.values(CONSENTS), 'x'], next), from: GIVER };
  const party = { authority: 'iso6523-actorid-upis', ID: `0192:${pick(ORGNOS, next)}` };
  const user = { type: 'urn:altinn:systemuser', systemuser_org: party, ...(next(2) === 0 && { externalRef: EXTERNAL_REF }) };
  return pick(
    [
      { consumer_org: pick([...ORGNOS, '12345678901', 5], next) },
      { consumer_org: pick(ORGNOS, next) },
      { authorization_details: [pick([consent, user, { type: 'x' }, {}], next)] },
      { authorization_details: pick([[consent, user], [], {}], next) },
      { resource: pick(['https://api.example.no/', 'x', [], ['https://a.example/#x'], 5], next) },
      { pid: pick(['01819010192', '01819010193', 5], next) },
      { iss: pick(['x', '', 5], next) },
      { iss: undefined },
      { iss_onbehalfof: 'kunde' },
      { nbf: pick([0, 1e12, -1], next) },
      { jti: pick(['', 5, 'x'.repeat(256)], next) },
      { jti: undefined },
      { scope: undefined },
      { unknown: 1 },
    ],
    next,
  );
}

function changed(assertion: string, key: KeyObject, next: Chance): string {
  const [header = '', payload = '', signature = ''] = assertion.split('.');
  const kind = next(6);
  if (kind <= 1) return signRaw(decoded(header), mutateJson(decoded(payload), next), key);
  if (kind === 2) return signRaw(mutateJson(decoded(header), next), decoded(payload), key);
  if (kind === 3) return [header, encoded(mutateJson(decoded(payload), next)), signature].join('.');
  if (kind === 4) return [header, payload, sign('sha256', Buffer.from('x'), key).toString('base64url')].join('.');
  return mutate(Buffer.from(assertion), next).toString('latin1');
}

function decoded(part: string): string {
  return Buffer.from(part, 'base64url').toString();
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64url');
}
