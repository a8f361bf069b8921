import type { Client } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import { accountableOrganization, type LimitSettings, type Limits } from '../core/limits.ts';
import type { Clock } from '../core/ports.ts';
import { Meter } from './meter.ts';

/** What everybody has left of the limits that are set. An address that is not known is not limited. `PV-SEC-111`, `PV-SEC-112` */
export class Allowances implements Limits {
  readonly #clock: Clock;
  readonly #clients: Meter | undefined;
  readonly #organizations: Meter | undefined;
  readonly #addresses: Meter | undefined;
  readonly #failures: Meter | undefined;

  constructor({ client, organization, address, certificateFailures }: LimitSettings, clock: Clock) {
    this.#clock = clock;
    this.#clients = meter(client);
    this.#organizations = meter(organization);
    this.#addresses = meter(address);
    this.#failures = meter(certificateFailures);
  }

  arrived(address: string | undefined): void {
    if (!this.#addresses || address === undefined) return;
    const now = this.#clock.now();
    assertAdmitted(this.#addresses.secondsToWait(address, now), 'the address');
    this.#addresses.charge(address, now);
  }

  excused(address: string | undefined): void {
    if (address !== undefined) this.#addresses?.refund(address);
  }

  /** What its client has proven is never charged to the address: others may stand behind the same one. */
  proven(address: string | undefined, client: Client): void {
    if (!this.#clients && !this.#organizations) return;
    const now = this.#clock.now();
    const organization = accountableOrganization(client);
    const ofClient = this.#clients?.secondsToWait(client.clientId, now) ?? 0;
    const ofOrganization = this.#organizations?.secondsToWait(organization, now) ?? 0;
    if (ofClient > 0 || ofOrganization > 0) {
      this.excused(address);
      assertAdmitted(Math.max(ofClient, ofOrganization), ofClient >= ofOrganization ? 'the client' : 'the organisation');
    }
    this.#clients?.charge(client.clientId, now);
    this.#organizations?.charge(organization, now);
  }

  unspent(client: Client): void {
    this.#clients?.refund(client.clientId);
    this.#organizations?.refund(accountableOrganization(client));
  }

  judging(address: string | undefined): void {
    if (this.#failures && address !== undefined)
      assertAdmitted(this.#failures.secondsToWait(address, this.#clock.now()), 'the address, for refused certificates');
  }

  certificateRefused(address: string | undefined): void {
    if (address !== undefined) this.#failures?.charge(address, this.#clock.now());
  }
}

function meter(limit: number | undefined): Meter | undefined {
  return limit === undefined ? undefined : new Meter(limit);
}

/** @param seconds to wait. @param whose allowance it is, for the log. */
function assertAdmitted(seconds: number, whose: string): void {
  if (seconds > 0) throw new Fault('PV-401', { retryAfter: Math.ceil(seconds), detail: `the limit of ${whose}` });
}
