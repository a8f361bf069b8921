import { foundConsent } from '../authorities/local.ts';
import { isUuid } from '../core/authorization-details.ts';
import { type ConsentFlaw, consentFlaws, organizationOfUrn, organizationUrn } from '../core/consent.ts';
import type { Lookup } from './lookup.ts';
import { Problem } from './problem.ts';

/** A consent, for the one that it was given to. Contract §7.2 */
export const consentLookup: Lookup = {
  method: 'POST',
  path: '/accessmanagement/api/v1/maskinporten/consent/lookup',
  scopes: ['altinn:maskinporten/consent.read'],
  answer: async ({ body = {}, registers, now }) => {
    const { id, from, to } = body as Readonly<Record<string, unknown>>;
    const errors = Object.entries({ id: isUuid(id), from: typeof from === 'string', to: typeof to === 'string' }).flatMap(
      ([name, sound]) => (sound ? [] : [[name, ['is missing, or not what it must be']]]),
    );
    if (!isUuid(id) || typeof from !== 'string' || typeof to !== 'string')
      throw new Problem(400, 'One or more validation errors occurred.', { errors: Object.fromEntries(errors) });
    const asked = { id: id.toLowerCase(), from, toOrgno: organizationOfUrn(to) ?? '' };
    const consent = await registers.consents.find(asked.id);
    const flaws = consentFlaws(consent, asked, now);
    if (!consent || flaws.length > 0) throw refusal(flaws);
    const { toOrgno, consented, validTo, rights } = foundConsent(consent);
    return {
      ...{ id: consent.id, from: consent.from, to: organizationUrn(toOrgno), handledBy: null },
      ...{ consented, validTo, consentRights: rights },
    };
  },
};

/** Altinn's numbers for what stands in the way of a consent, and their statuses. Contract §7.2 */
const PROBLEMS: Readonly<Record<ConsentFlaw, { readonly code: string; readonly status: number; readonly title: string }>> = {
  not_found: { code: 'AM-00001', status: 404, title: 'Consent not found' },
  revoked: { code: 'AM-00011', status: 400, title: 'Consent is revoked' },
  wrong_giver: { code: 'AM-00012', status: 400, title: 'The consent was given by another party' },
  expired: { code: 'AM-00013', status: 400, title: 'Consent is expired' },
};

/** Several at once are a problem of their own, which comes as a fault of the server's. */
function refusal(flaws: readonly ConsentFlaw[]): Problem {
  const [first, ...more] = flaws.map((flaw) => PROBLEMS[flaw]);
  if (first && more.length === 0) return new Problem(first.status, first.title, { code: first.code });
  const problems = flaws.map((flaw) => PROBLEMS[flaw]).map(({ code, title }) => ({ code, title }));
  return new Problem(500, 'Multiple problems occurred', { code: 'STD-00001', problems });
}
