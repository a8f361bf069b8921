import { z } from 'zod';
import { CONSENT_STATES, type Consent, consentState, isConsentParty } from '../core/consent.ts';
import type { EpochSeconds } from '../core/time.ts';
import {
  type ConsentWish,
  consentOfParty,
  consentsOf,
  makeConsent,
  revocableConsent,
  revokeConsent,
} from '../registry/consents.ts';
import { pageQuery, takePage } from './paging.ts';
import { type Call, type Route, route } from './route.ts';
import { inactiveQuery, instant, instantShape, momentShape, orgnoShape } from './wire.ts';

const FRONT = ['portvakt:consents.front'] as const;
const WRITE = ['portvakt:consents.write'] as const;
const READ = ['portvakt:consents.read', ...WRITE] as const;

const word = z.string().min(1, 'must not be empty').max(1000);

/** Spelled as in tokens. Contract §7.2 */
const rightShape = z
  .strictObject({
    action: z.array(word).min(1).max(20),
    resource: z
      .array(z.strictObject({ type: word, value: word }))
      .min(1)
      .max(20),
    metadata: z.record(word, word).nullable().exactOptional(),
  })
  .meta({ id: 'ConsentRight' });

const giverShape = z
  .string()
  .refine(isConsentParty, 'must be urn:altinn:person:identifier-no: or urn:altinn:organization:identifier-no: and a number');

const newConsent = z
  .strictObject({
    from: giverShape.meta({ description: 'who gives it, as a URN' }),
    to_orgno: orgnoShape.meta({ description: 'who may use it' }),
    valid_to: momentShape,
    consent_rights: z.array(rightShape).min(1, 'must hold a right').max(50),
  })
  .meta({ id: 'NewConsent' });

const revocation = z
  .strictObject({ from: giverShape.optional().meta({ description: 'for a front: the giver in whose behalf it revokes' }) })
  .meta({ id: 'ConsentRevocation' });

const consentShape = z
  .object({
    id: z.uuid(),
    from: z.string(),
    to_orgno: z.string(),
    consented: instantShape,
    valid_to: instantShape,
    state: z.enum(CONSENT_STATES),
    consent_rights: z.array(rightShape),
  })
  .meta({ id: 'Consent' });

const listQuery = pageQuery.extend({
  ...inactiveQuery.shape,
  role: z.enum(['recipient', 'giver']).optional().meta({ description: 'of the own organisation; both unless told' }),
});

/** What persons and organisations let organisations know. Own API, consents */
export const consentRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/consents',
    manners: 'own',
    scopes: READ,
    summary: 'Consents that may be used; with inactive=true all',
    query: listQuery,
    answer: z.array(consentShape),
    handle: async (call: Call<z.infer<typeof listQuery>>) => {
      const { registers, caller, query, now } = call;
      const consents = await consentsOf(registers, { orgno: caller.orgno, role: query.role });
      const listed = consents.filter((consent) => consentState(consent, now) === 'ACTIVE' || query.inactive === true);
      return takePage(call, listed, { key: ({ id }) => id, show: (consent) => toWire(consent, now) });
    },
  }),
  route({
    method: 'POST',
    path: '/consents',
    manners: 'own',
    scopes: FRONT,
    summary: 'Register what a giver has consented to, as a trusted front',
    body: newConsent,
    answer: consentShape,
    handle: async (call: Call<unknown, z.infer<typeof newConsent>>) =>
      call.change(async (changes) => {
        const act = { ...call, random: call.ports.random };
        return toWire(await makeConsent(changes, wishOf(call.body), act), call.now);
      }),
  }),
  route({
    method: 'GET',
    path: '/consents/{id}',
    manners: 'own',
    scopes: READ,
    summary: 'A consent, for giver and recipient',
    answer: consentShape,
    handle: async ({ registers, params, caller, now }) =>
      toWire(await consentOfParty(registers, params.id ?? '', caller.orgno), now),
  }),
  route({
    method: 'POST',
    path: '/consents/{id}/revoke',
    manners: 'own',
    scopes: [...WRITE, ...FRONT],
    summary: 'Revoke a consent, as its giver or for it',
    body: revocation,
    answer: consentShape,
    handle: async (call: Call<unknown, z.infer<typeof revocation>>) =>
      call.change(async (changes) => {
        const asked = { id: call.params.id ?? '', from: call.body.from };
        const before = await revocableConsent(changes, asked, call.caller);
        return toWire(await revokeConsent(changes, before, call), call.now);
      }),
  }),
];

function wishOf({ from, to_orgno, valid_to, consent_rights }: z.infer<typeof newConsent>): ConsentWish {
  return { from, toOrgno: to_orgno, validTo: valid_to, rights: consent_rights };
}

function toWire(consent: Consent, now: EpochSeconds): object {
  const { id, from, toOrgno, consented, validTo, rights } = consent;
  return {
    ...{ id, from, to_orgno: toOrgno, consented: instant(consented), valid_to: instant(validTo) },
    ...{ state: consentState(consent, now), consent_rights: rights },
  };
}
