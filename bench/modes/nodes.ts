import { closing } from '../../proving/closing.ts';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { openPresigner } from '../../proving/presigner.ts';
import { type Asked, Misuse } from '../arguments.ts';
import { measure } from '../measures/rounds.ts';
import { type Kept, nodesOutcome } from '../report/nodes.ts';
import type { Outcome } from '../report/outcome.ts';
import { fileNode, type Measured, openMeasuredPostgres, postgresNodes } from '../targets/nodes.ts';

/**
 * What a token costs on one node with a file, on one with PostgreSQL, and on several with one PostgreSQL, in the same rounds and with as near as
 * can be as many workers in all. @param tell hears of the progress.
 */
export async function measureNodes(
  { nodes, workers, delegations, extent }: Asked,
  tell: (line: string) => void,
): Promise<Outcome> {
  if (NOT_HERE) throw new Misuse(`there is no PostgreSQL here: ${NOT_HERE}`);
  return closing(async (later) => {
    const presigner = openPresigner();
    later(() => presigner.close());
    const places = await openMeasuredPostgres();
    later(() => places.cluster.remove());
    const installations: Measured[] = [];
    const started = async (one: Promise<Measured>): Promise<void> => {
      const installation = await one;
      later(installation.remove);
      installations.push(installation);
    };
    const workersEach = Math.max(1, Math.floor(workers / nodes));
    const alone = { nodes: 1, workersEach: workers, delegations };
    await started(fileNode(presigner, alone));
    await started(postgresNodes(presigner, places, alone));
    if (nodes > 1) await started(postgresNodes(presigner, places, { nodes, workersEach, delegations }));
    const before = await Promise.all(installations.map(({ kept }) => kept()));
    const measurement = await measure(
      installations.map(({ target }) => target),
      extent,
      tell,
    );
    const kept: Kept[] = [];
    for (const [place, installation] of installations.entries()) {
      // A file has taken its log in once nobody uses it.
      await installation.stop();
      const tokens = extent.warmUp + extent.rounds * extent.tokens * (extent.rate === undefined ? 1 : 2);
      kept.push({ name: installation.target.name, perToken: ((await installation.kept()) - (before[place] ?? 0)) / tokens });
    }
    return nodesOutcome(measurement, { ...extent, workers, nodes, workersEach, kept });
  });
}
