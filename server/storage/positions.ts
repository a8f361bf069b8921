import type { ForgottenSpans } from './forgotten-spans.ts';

/** Where the tables of one row stand, and have to stand in a copy. */
export type Positions = {
  /** Higher than that of the store it is of: whoever knew that one reads anew. */
  readonly version: number;
  readonly issuedFrom: number;
  /** As {@link ForgottenSpans} reads it. */
  readonly forgotten: string;
  readonly trustVersion: number;
  readonly prunedCheckpoint: number;
  readonly prunedSequence: number;
  /** Of the audit's last record. */
  readonly sequence: number;
  /** How far the audit has been counted, and when its last counted record was made. */
  readonly counted: { readonly sequence: number; readonly at: number };
};

/** Whether a value that was read is such positions. */
export function arePositions(value: unknown): value is Positions {
  const { counted, forgotten, ...numbers } = (value ?? {}) as Partial<Positions>;
  const { version, issuedFrom, trustVersion, prunedCheckpoint, prunedSequence, sequence } = numbers;
  return (
    typeof forgotten === 'string' &&
    [version, issuedFrom, trustVersion, prunedCheckpoint, prunedSequence, sequence, counted?.sequence, counted?.at].every(
      Number.isSafeInteger,
    )
  );
}
