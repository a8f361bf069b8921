import { NOT_HERE } from '../proving/postgres-programs.ts';
import type { Gate } from './gate.ts';

/** A gate that runs a PostgreSQL: where none can be run it says so and is not passed. */
export function onPostgres(gate: Gate): Gate {
  if (NOT_HERE === undefined) return gate;
  return {
    ...gate,
    run: async () => ({ figures: {}, failures: [`PostgreSQL cannot be run here: ${NOT_HERE}. Nothing was shown`] }),
  };
}
