/** Something that is given or not, such as one organisation's access to one scope. */
export type Subject = string;

/** A change that was acknowledged. Moments are milliseconds of one clock, at the client. */
export type Change = {
  readonly subject: Subject;
  readonly gives: boolean;
  /** The node that took it. */
  readonly node: number;
  readonly began: number;
  readonly ended: number;
};

/** What a node decided of a request for a token: given, or refused because the subject is not. */
export type Decision = {
  readonly subject: Subject;
  readonly token: boolean;
  readonly node: number;
  readonly began: number;
  readonly ended: number;
};

export type History = { readonly changes: readonly Change[]; readonly decisions: readonly Decision[] };

/** Longest time, in milliseconds, that a change may be unknown at a node that did not take it. `PV-SEC-073` */
export const KNOWN_WITHIN = 1_000;

/**
 * How long, when the decision began, that had been overwritten on which it rests: 0 for what may still have stood. It rests on whichever
 * change leaves it least old: one of its value that had begun before the decision was over. A change was overwritten by another that
 * began after it was acknowledged, and this was known of for certain once it was acknowledged itself.
 * @param known changes that count as overwriting
 * @returns Infinity for what rests on nothing
 */
export function staleness({ subject, token, began, ended }: Decision, changes: readonly Change[], known = changes): number {
  const grounds = changes.filter((change) => change.subject === subject && change.gives === token && change.began < ended);
  const overwriting = known.filter((change) => change.subject === subject && change.ended < began);
  let least = Number.POSITIVE_INFINITY;
  for (const ground of grounds.toReversed()) {
    const overwritten = overwriting.filter((change) => change.began > ground.ended).map((change) => began - change.ended);
    least = Math.min(least, Math.max(0, ...overwritten));
    if (least === 0) break;
  }
  return least;
}

/** What a history shows that cannot be, and the longest that a token was given after its ground had been taken away, by node or not. */
export type Verdict = {
  readonly anomalies: readonly string[];
  /** In milliseconds, at nodes that had not taken the change. */
  readonly longest: number;
};

/**
 * Judges whether the history has an order: each decision rests on a state that stood when it began, as far as its node knew by its own
 * changes, or at all nodes a second before. Security §6, G14
 */
export function judge({ changes, decisions }: History): Verdict {
  const ordered = changes.toSorted((one, other) => one.began - other.began);
  const anomalies: string[] = [];
  let longest = 0;
  for (const decision of decisions) {
    const { node, token, subject } = decision;
    const what = `node ${node} ${token ? 'gave a token for' : 'refused'} ${subject}`;
    const own = staleness(
      decision,
      ordered,
      ordered.filter((change) => change.node === node),
    );
    if (own > 0) anomalies.push(`${what} ${told(own)} after it had acknowledged the contrary itself`);
    const old = staleness(decision, ordered);
    if (old > KNOWN_WITHIN) anomalies.push(`${what} ${told(old)} after the contrary had been acknowledged`);
    if (token) longest = Math.max(longest, old);
  }
  return { anomalies, longest };
}

function told(milliseconds: number): string {
  return Number.isFinite(milliseconds) ? `${Math.round(milliseconds)} ms` : 'for no reason,';
}
