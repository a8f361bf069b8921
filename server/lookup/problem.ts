import type { Context } from 'koa';
import type { Fault } from '../core/fault.ts';

/** What a problem says besides its title and status. RFC 9457 §3.2 */
export type ProblemMembers = {
  /** Of Altinn's own numbering. Contract §7.2 */
  readonly code?: string;
  /** Several at once. */
  readonly problems?: readonly { readonly code: string; readonly title: string }[];
  /** What is wrong with which parameter. Contract §6.3 */
  readonly errors?: Readonly<Record<string, readonly string[]>>;
};

/** A refusal of a look-up in Altinn's form. RFC 9457 §3, contract §6.3, §7.2 */
export class Problem extends Error {
  override readonly name = 'Problem';
  readonly status: number;
  readonly members: ProblemMembers;

  constructor(status: number, title: string, members: ProblemMembers = {}) {
    super(title);
    this.status = status;
    this.members = members;
  }
}

/** A refusal without a body, where Altinn's has none. Contract §7.1 */
export class EmptyRefusal extends Error {
  override readonly name = 'EmptyRefusal';
  readonly status: number;

  constructor(status: number) {
    super('refused without a body');
    this.status = status;
  }
}

/** The problem that a Fault is to those who ask: its status and its sentence. */
export function toProblem(fault: Fault): Problem {
  return new Problem(fault.entry.status, fault.message);
}

/** Answers with the problem, and the number under which the log knows it. */
export function answerProblem(ctx: Context, { status, message: title, members }: Problem): void {
  ctx.status = status;
  ctx.set({
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  ctx.body = JSON.stringify({ type: 'about:blank', title, status, traceId: ctx.state.correlationId, ...members });
}

/** Answers with the status alone. */
export function answerEmpty(ctx: Context, { status }: EmptyRefusal): void {
  ctx.status = status;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = '';
  ctx.remove('Content-Type');
}
