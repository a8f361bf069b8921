import type { Changes } from '../../core/ports.ts';
import type { EpochSeconds } from '../../core/time.ts';
import type { Connection } from './database.ts';

/** The part of the replay floor that somebody sets; the other rises with what is removed (assertions.ts). */
export function replayFloor(connection: Connection): Changes['replayFloor'] {
  const raise = connection.statement<[EpochSeconds]>('UPDATE replay_floor SET issued_from = GREATEST(issued_from, $1)');
  return { raise: async (issuedFrom) => void (await raise.run(Math.ceil(issuedFrom))) };
}
