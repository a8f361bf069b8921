import type { Authority } from '../core/authorities.ts';
import { type Consent, consentFlaws, type FoundConsent } from '../core/consent.ts';
import type { Registers, TokenRegisters } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';

/** This server's own registers as an authority: what is changed in them holds from the next question on. `PV-SEC-073` */
export function localAuthority({ systemUsers, consents }: Registers, current: () => Promise<TokenRegisters>): Authority {
  return {
    name: 'local',
    remote: false,
    isDelegated: async (asked, { now }) => (await current()).delegations.inForce(asked, now),
    findSystemUser: (asked) => systemUsers.findFor(asked),
    findConsent: async (asked, { now }) => {
      const consent = await consents.find(asked.id);
      return consent && consentFlaws(consent, asked, now).length === 0 ? foundConsent(consent) : undefined;
    },
  };
}

/** A consent as a token and the look-up API say it. Contract §7.2 */
export function foundConsent({ id, from, toOrgno, consented, validTo, rights }: Consent): FoundConsent {
  return { id, from, toOrgno, consented: momentText(consented), validTo: momentText(validTo), rights };
}

/** A moment as Altinn's registers write it: RFC 3339 with the offset in digits. Contract §7.2 */
export function momentText(seconds: EpochSeconds): string {
  return new Date(seconds * 1000).toISOString().replace(/\.000Z$/, '+00:00');
}
