import type { Changes } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';

/** The part of the replay floor that somebody sets; the other rises with what is removed (assertions.ts). */
export function replayFloor(writer: Connection): Changes['replayFloor'] {
  const raise = writer.statement<[EpochSeconds]>('UPDATE replay_floor SET issued_from = max(issued_from, ?)');
  return { raise: async (issuedFrom) => void raise.run(issuedFrom) };
}
