import { openPresigner } from './presigner.ts';
import { type Extent, type Measurement, measure } from './rounds.ts';
import { startPortvakt } from './target.ts';

/**
 * Starts the targets, measures them and stops them: nothing is left running, and no file behind.
 * @param tell hears of the progress.
 */
export async function benchmark(extent: Extent, tell: (line: string) => void): Promise<Measurement> {
  const presigner = openPresigner();
  try {
    const { server, targets } = await startPortvakt(presigner, extent.delegations);
    try {
      return await measure(targets, extent, tell);
    } finally {
      await server.stop();
    }
  } finally {
    await presigner.close();
  }
}
