import type { Storage } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import { ForgottenSpans } from '../forgotten-spans.ts';
import type { Connection } from './database.ts';

type StandingRow = { readonly version: number; readonly issuedFrom: EpochSeconds; readonly forgotten: string };

/** What every request asks first: one statement, two rows that are always in memory. */
export function standing(reader: Connection): Storage['standing'] {
  const read = reader.statement<[], StandingRow>(
    'SELECT version, issued_from AS issuedFrom, forgotten FROM register_version, replay_floor',
  );
  const spans = new ForgottenSpans();
  return async () => {
    const row = read.get();
    if (!row) throw new Error('the store has no version');
    const { version, issuedFrom, forgotten } = row;
    return { version, replayFloor: { issuedFrom, forgotten: spans.read(forgotten) } };
  };
}
