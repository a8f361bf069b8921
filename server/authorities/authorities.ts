import { type Authorities, type Authority, SourceUnavailable } from '../core/authorities.ts';
import { DETAILS_TYPES, type DetailsType } from '../core/authorization-details.ts';
import type { Clock, Random, Registers, Signer, TokenRegisters } from '../core/ports.ts';
import type { AuthoritySettings } from '../core/settings.ts';
import type { Source } from '../core/source.ts';
import type { Tracing } from '../core/tracing.ts';
import { AltinnAuthority } from './altinn.ts';
import { localAuthority } from './local.ts';

/** What those who answer stand on. */
export type AuthorityMeans = {
  readonly registers: Registers;
  /** The registers as they stand now; copies kept of them. */
  readonly current: () => Promise<TokenRegisters>;
  /** This server's own. */
  readonly issuer: string;
  readonly settings: AuthoritySettings;
  /** The private keys that sources may name. */
  readonly keys: ReadonlyMap<string, Signer>;
  readonly clock: Clock;
  readonly random: Random;
  readonly tracing?: Pick<Tracing, 'outbound'>;
};

/**
 * Who answers, by the settings and the register of sources as it is at each question, so that a source that is switched off, changed
 * or added counts from the next request on. `PV-SEC-073`
 */
export function createAuthorities(means: AuthorityMeans): Authorities & { close(): Promise<void> } {
  const { registers, current, issuer, settings } = means;
  const local = localAuthority(registers, current);
  const services = new Services(means);
  const chosen: Readonly<Record<DetailsType, string>> = {
    'urn:altinn:systemuser': settings.systemUsers,
    'urn:altinn:consent': settings.consents,
  };
  const of = (source: Source): Authority => (source.kind === 'local' ? local : services.of(source));
  return {
    delegations: async (asked) => {
      if (asked === issuer) return settings.delegations === 'local' ? local : undefined;
      const source = await registers.sources.findByIssuer(asked);
      return source?.active ? of(source) : undefined;
    },
    detailsTypes: DETAILS_TYPES.filter((type) => chosen[type] !== 'off'),
    details: async (type) => {
      if (chosen[type] === 'local') return local;
      const source = await registers.sources.find(chosen[type]);
      return source?.active ? of(source) : silent(chosen[type], 'is not registered, or switched off');
    },
    close: () => services.close(),
  };
}

/** One for each source, with its connections, its token and what is known of its health; made anew when the source is changed. */
class Services {
  readonly #means: AuthorityMeans;
  readonly #made = new Map<string, { readonly settings: string; readonly authority: AltinnAuthority }>();

  constructor(means: AuthorityMeans) {
    this.#means = means;
  }

  of(source: Source & { readonly kind: 'altinn' }): Authority {
    const settings = JSON.stringify(source);
    const made = this.#made.get(source.name);
    if (made?.settings === settings) return made.authority;
    void made?.authority.close();
    this.#made.delete(source.name);
    const key = this.#means.keys.get(source.keyName);
    if (!key) return silent(source.name, `has a key_name, ${source.keyName}, that the configuration does not have`);
    const authority = new AltinnAuthority(source.name, source, { ...this.#means, key });
    this.#made.set(source.name, { settings, authority });
    return authority;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#made.values()].map(({ authority }) => authority.close()));
  }
}

/** One that would have to be asked, and cannot be. */
function silent(name: string, reason: string): Authority {
  const refuse = async () => {
    throw new SourceUnavailable(reason, { retryAfter: 60 });
  };
  return { name, remote: true, isDelegated: refuse, findSystemUser: refuse, findConsent: refuse };
}
