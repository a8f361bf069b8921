import type { DelegatedScope } from './core/delegation.ts';
import type { SeenCertificate } from './core/endings.ts';
import { type Acting, createMeasures, type Measures } from './core/measures.ts';
import type { IssuedToken, Log, MissedDelegation, Storage, TokenCount, TokenCounter } from './core/ports.ts';
import type { EpochSeconds } from './core/time.ts';
import { CountBuffer } from './count-buffer.ts';

/**
 * Counts tokens by client, consumer and scope, and what suppliers ask for in vain, and notes which certificates clients show. None of the
 * names can hold a space.
 */
export class BufferedTokenCounter implements TokenCounter {
  readonly #tokens: CountBuffer<TokenCount>;
  readonly #missed: CountBuffer<MissedDelegation>;
  readonly #certificates: CountBuffer<SeenCertificate>;
  readonly #issued: Measures['issued'];

  constructor(
    { tokenCounts, missedDelegations, seenCertificates }: Counters,
    log: Log,
    { issued }: Pick<Measures, 'issued'> = createMeasures(),
  ) {
    this.#issued = issued;
    this.#tokens = new CountBuffer(tokenCounts, log, 'token counts');
    this.#missed = new CountBuffer(missedDelegations, log, 'counts of missing delegations');
    this.#certificates = new CountBuffer(seenCertificates, log, 'notes of certificates');
  }

  issued(token: IssuedToken, at: EpochSeconds): void {
    this.#issued[token.amr === 'private_key_jwt' ? 'kid' : 'x5c'][acting(token)]++;
    const { clientId, consumer, scopes } = token;
    for (const scope of scopes) {
      this.#tokens.count(`${clientId} ${consumer} ${scope}`, (known) => ({
        clientId,
        consumerOrgno: consumer,
        scope,
        tokens: (known?.tokens ?? 0) + 1,
        lastToken: at,
      }));
    }
  }

  undelegated({ scope, consumerOrgno, supplierOrgno }: DelegatedScope, at: EpochSeconds): void {
    const between = { scope, consumerOrgno, supplierOrgno };
    this.#missed.count(`${scope} ${consumerOrgno} ${supplierOrgno}`, (known) => ({
      ...between,
      times: (known?.times ?? 0) + 1,
      lastAsked: at,
    }));
  }

  certificateSeen(certificate: SeenCertificate): void {
    this.#certificates.count(`${certificate.clientId} ${certificate.fingerprint}`, () => certificate);
  }

  /** Writes what has been counted, and counts no more by itself. */
  async close(): Promise<void> {
    await Promise.all([this.#tokens.close(), this.#missed.close(), this.#certificates.close()]);
  }
}

function acting({ supplier, details }: IssuedToken): Acting {
  if (details) return details.type === 'urn:altinn:consent' ? 'consent' : 'system_user';
  return supplier === undefined ? 'self' : 'supplier';
}

type Counters = Pick<Storage, 'tokenCounts' | 'missedDelegations' | 'seenCertificates'>;
