import { readConsent, readDelegations, readSystemUser } from '../../../server/authorities/altinn-answers.ts';
import { localAuthority } from '../../../server/authorities/local.ts';
import { type Authorities, type Authority, SourceUnavailable } from '../../../server/core/authorities.ts';
import { DETAILS_TYPES } from '../../../server/core/authorization-details.ts';
import { organizationUrn } from '../../../server/core/consent.ts';
import type { Registers, TokenRegisters } from '../../../server/core/ports.ts';
import type { SystemUserQuestion } from '../../../server/core/system-user.ts';
import type { Outside, SourceMood } from '../step.ts';
import { CUSTOMER, ISSUER, OTHER_OWNER, SUPPLIER, type World } from '../world.ts';

/** What the service elsewhere knows, and which certificates have been revoked. */
export class Elsewhere {
  readonly #known = new Set<string>();
  readonly #consents = new Map<string, { readonly from: string; readonly to: string }>();

  hear(outside: Outside): void {
    const gone = outside.what === 'ends' || outside.what === 'has no system user';
    if (outside.what === 'has consent') this.#consents.set(outside.id, outside);
    else if (outside.what === 'has no consent') this.#consents.delete(outside.id);
    else if (gone) this.#known.delete(nameOf(outside));
    else this.#known.add(nameOf(outside));
  }

  knows(outside: Outside): boolean {
    return this.#known.has(nameOf(outside));
  }

  consent(id: string): { readonly from: string; readonly to: string } | undefined {
    return this.#consents.get(id);
  }
}

function nameOf(outside: Outside): string {
  const { what: _, ...rest } = outside;
  return Object.values(rest).join(' ');
}

/** How one request meets the service. */
export type Meeting = { readonly mood: SourceMood; readonly wait: () => Promise<void> };

/**
 * Who is asked: the server's own register as it is, and a service elsewhere, whose answers are read by the server's own readers of
 * Altinn's.
 */
export function authorities(
  { details }: Pick<World, 'details'>,
  { registers, current }: { readonly registers: Registers; readonly current: () => Promise<TokenRegisters> },
  service: Authority,
): Authorities {
  const local = localAuthority(registers, current);
  return {
    delegations: async (issuer) => {
      if (issuer === ISSUER) return local;
      const source = await registers.sources.findByIssuer(issuer);
      if (!source?.active) return undefined;
      return source.kind === 'local' ? local : service;
    },
    detailsTypes: details === 'off' ? [] : DETAILS_TYPES,
    details: async () => {
      if (details === 'local') return local;
      return (await registers.sources.find('elsewhere'))?.active ? service : { ...service, ...silent };
    },
  };
}

/** The service as a request in a mood meets it. */
export function serviceElsewhere(elsewhere: Elsewhere, { mood, wait }: Meeting): Authority {
  /** What it answers when it answers, and what it says when it lies: something true of somebody else. */
  const ask = async <T>(
    read: (answer: { status: number; body: string }) => T,
    told: { truth: object | undefined; lie: object },
  ) => {
    await wait();
    if (mood === 'down') throw new SourceUnavailable('is down', { retryAfter: 2 });
    const body = mood === 'lying' ? told.lie : told.truth;
    const answer = { status: body === undefined ? 404 : 200, body: mood === 'garbled' ? '{"half' : JSON.stringify(body ?? {}) };
    try {
      return read(mood === 'garbled' ? { ...answer, status: 200 } : answer);
    } catch (cause) {
      throw new SourceUnavailable('makes no sense', { retryAfter: 2, cause });
    }
  };
  return {
    name: 'elsewhere',
    remote: true,
    isDelegated: (asked) => {
      const { scope, consumerOrgno: consumer, supplierOrgno: supplier } = asked;
      const isKnown = elsewhere.knows({ what: 'delegates', scope, consumer, supplier });
      const row = (scopes: readonly string[], by = consumer) => ({ consumer_org: by, supplier_org: supplier, scopes });
      const lie = [row([scope], OTHER_OWNER), row([`${scope}.more`])];
      return ask((answer) => readDelegations(answer, asked), { truth: isKnown ? [row([scope])] : [], lie });
    },
    findSystemUser: (asked) => {
      const isKnown = elsewhere.knows({ what: 'has system user', customer: asked.customerOrgno });
      const isAsked = asked.vendorOrgno === SUPPLIER && asked.externalRef === undefined;
      const other = asked.customerOrgno === CUSTOMER ? OTHER_OWNER : CUSTOMER;
      const told = {
        truth: isKnown && isAsked ? systemUser(asked, asked.customerOrgno) : undefined,
        lie: systemUser(asked, other),
      };
      return ask((answer) => readSystemUser(answer, asked), told);
    },
    findConsent: (asked) => {
      const known = elsewhere.consent(asked.id);
      const answers = known?.from === asked.from && known.to === asked.toOrgno;
      const told = {
        truth: answers ? consent(asked.id, known) : undefined,
        lie: consent(asked.id, { ...asked, to: OTHER_OWNER }),
      };
      return ask((answer) => readConsent(answer.status === 404 ? { status: 404, body: UNKNOWN_CONSENT } : answer, asked), told);
    },
  };
}

const refuse = async () => {
  throw new SourceUnavailable('is switched off', { retryAfter: 60 });
};

/** One that would have to be asked, and is switched off. */
const silent = { isDelegated: refuse, findSystemUser: refuse, findConsent: refuse };

const UNKNOWN_CONSENT = '{"code":"AM-00001"}';

function systemUser({ vendorOrgno }: SystemUserQuestion, customer: string): object {
  return {
    ...{ id: `00000000-0000-4000-9000-000${customer}`, systemId: `${SUPPLIER}_books`, reporteeOrgNo: customer },
    ...{ supplierOrgno: vendorOrgno, isDeleted: false },
  };
}

function consent(id: string, { from, to }: { readonly from: string; readonly to: string }): object {
  return {
    ...{ id, from, to: organizationUrn(to), consented: '2027-01-01T00:00:00+00:00', validTo: '2037-01-01T00:00:00+00:00' },
    consentRights: [{ action: ['read'], resource: [{ type: 'urn:altinn:resource', value: 'income' }] }],
  };
}
