import type { IncomingMessage } from 'node:http';
import type { Fault } from '../core/fault.ts';
import type { Gate } from '../core/limits.ts';
import type { Ports } from '../core/ports.ts';

/** How requests come to a part of the server. */
export type Admission = {
  /** Whom a request is counted against; undefined: nobody. */
  readonly addressOf: (request: IncomingMessage) => string | undefined;
  /** The places in which requests are worked on. */
  readonly gate: Gate;
};

/**
 * What is refused for being too much has no line each, or whoever sends too much would fill the disk: the audit counts it, with a few of
 * the correlation ids. `PV-SEC-111`
 */
const OVERLOAD: ReadonlySet<string> = new Set(['PV-401', 'PV-402']);

/** Whether a refusal says nothing of the request, but only that there are too many. */
export function isOverload({ code }: Fault): boolean {
  return OVERLOAD.has(code);
}

/** Counts such a refusal in place of its line; of any other, nothing. */
export function countOverload(fault: Fault, correlationId: string, { unproven, clock }: Pick<Ports, 'unproven' | 'clock'>): void {
  if (isOverload(fault)) unproven.count(fault.code, correlationId, Math.floor(clock.now()));
}
