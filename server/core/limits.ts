import type { Client } from './client.ts';
import { MINUTE } from './time.ts';

/** How much of a server may be used, and by whom. Requests a minute; absent: as many as there come. `PV-SEC-111`, `PV-SEC-113` */
export type LimitSettings = {
  /** Of one client, and of all clients of one organisation: requests that they have signed. */
  readonly client?: number;
  readonly organization?: number;
  /** Of one address: requests that nobody has proven to have sent. */
  readonly address?: number;
  /** Of one address: certificate chains that were judged and refused. `PV-SEC-114` */
  readonly certificateFailures?: number;
  /** Requests that are worked on at a time, and those that may wait for their turn. */
  readonly concurrency: number;
  readonly queue: number;
};

/**
 * Who may ask, as far as it is known at each step of a token request. A request counts against its address until its signature holds
 * and it is no replay; from then on it counts against its client and organisation alone. So what a stranger sends in a client's
 * name never uses up anything of that client's for longer than it takes to find a replay out. `PV-SEC-111`, `PV-SEC-112`
 */
export interface Limits {
  /** Counts what came from an address, before anything of it is read. @throws {Fault} PV-401 */
  arrived(address: string | undefined): void;
  /** Takes it off its address again: its client has proven to have sent it, or it was not the sender that failed. */
  excused(address: string | undefined): void;
  /**
   * Counts a request on its client and organisation once the signature holds, before anything is spent or signed: counted later, all
   * that are under way at once would pass. One too many is excused to its address. @throws {Fault} PV-401
   */
  proven(address: string | undefined, client: Client): void;
  /** Takes it off client and organisation again: it was a replay, which anybody can send, or could not be spent. */
  unspent(client: Client): void;
  /** Asked before a certificate chain is judged that no verdict is kept of. @throws {Fault} PV-401 `PV-SEC-114` */
  judging(address: string | undefined): void;
  /** Counts a chain that was refused. */
  certificateRefused(address: string | undefined): void;
}

/** Lets so many in at a time; some wait, and more are refused. `PV-SEC-113` */
export interface Gate {
  /**
   * Takes a place, which is given back by {@link leave}.
   * @returns what to wait for, where no place is free. Rejects with PV-402 where too many wait already, or when it takes too long.
   */
  enter(): Promise<void> | undefined;
  leave(): void;
}

/** What may be left of an allowance by the inexactness of adding up fractions, in seconds. */
const TOLERANCE = 1e-3;

/**
 * An allowance is one number: the moment at which it will be whole again. Each request moves it on by what one costs; it may lie at most
 * a minute ahead. So a whole minute's worth may come at once, and comes back evenly. (The generic cell rate algorithm, ITU-T I.371.)
 * @param limit requests a minute.
 * @returns seconds until a request is admitted; 0 when it is now.
 */
export function secondsToWait(whole: number, now: number, limit: number): number {
  const wait = believable(whole, now) + MINUTE / limit - (now + MINUTE);
  return wait > TOLERANCE ? wait : 0;
}

/** @returns when the allowance is whole again after one more request. */
export function charged(whole: number, now: number, limit: number): number {
  return Math.min(believable(whole, now) + MINUTE / limit, now + MINUTE);
}

/** What lies further ahead than it ever can is of a clock that has been set back since, and shuts nobody out. */
function believable(whole: number, now: number): number {
  return whole > now + MINUTE + TOLERANCE ? now : Math.max(whole, now);
}

/** @returns when the allowance is whole again after one request is taken back. */
export function refunded(whole: number, limit: number): number {
  return whole - MINUTE / limit;
}

/** What one of several workers admits, so that together they admit what is set; at least one each. */
export function shareOfLimits(settings: LimitSettings, workers: number): LimitSettings {
  const parts = Object.entries(settings).map(([name, value]) => [name, Math.max(1, Math.floor(value / workers))]);
  return Object.fromEntries(parts) as LimitSettings;
}

/** Whose allowance a client's requests are taken from: a supplier's clients are its own doing, whichever customer they are for. */
export function accountableOrganization({ supplierOrgno, orgno }: Client): string {
  return supplierOrgno ?? orgno;
}
