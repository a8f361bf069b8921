import type { Audit, AuditLine, ChainedRecord, SignedCheckpoint } from '../core/audit.ts';
import { type AuditRow, toChained } from './rows/audit.ts';
import { type SignedRow, toSigned } from './rows/checkpoint.ts';

/** Records read at a time; between two such pages others have their turn. */
const PAGE = 1_000;

/** How a store reads its audit. */
export type AuditReading = {
  /** The checkpoint that stands for what has been taken out. */
  base(): Promise<SignedRow | undefined>;
  /** Records behind one sequence up to another, in their order. */
  records(after: number, until: number, limit: number): Promise<readonly AuditRow[]>;
  /** Checkpoints behind a number up to a sequence, in their order. */
  checkpoints(after: number, until: number): Promise<readonly SignedRow[]>;
};

/** Reads the audit from its beginning, a page at a time, each checkpoint behind the last record that it covers. */
export function auditLines({ base, records, checkpoints }: AuditReading): Audit['lines'] {
  return async function* lines(until): AsyncGenerator<AuditLine> {
    const begun = await base();
    if (begun) yield toSigned(begun);
    let [after, number] = [begun?.sequence ?? 0, begun?.number ?? 0];
    for (;;) {
      const page = await records(after, until, PAGE);
      const reached = page.length < PAGE ? until : (page.at(-1)?.sequence ?? until);
      const signed = await checkpoints(number, reached);
      yield* merged(page.map(toChained), signed.map(toSigned));
      number = signed.at(-1)?.number ?? number;
      if (reached === until) return;
      after = reached;
    }
  };
}

function* merged(records: readonly ChainedRecord[], checkpoints: SignedCheckpoint[]): Generator<AuditLine> {
  for (const record of records) {
    while (checkpoints[0] && checkpoints[0].checkpoint.sequence < record.sequence) yield checkpoints.shift() as SignedCheckpoint;
    yield record;
  }
  yield* checkpoints;
}
