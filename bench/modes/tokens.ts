import { closing } from '../../proving/closing.ts';
import { openPresigner } from '../../proving/presigner.ts';
import { type Extent, measure } from '../measures/rounds.ts';
import type { Outcome } from '../report/outcome.ts';
import { tokensOutcome } from '../report/tokens.ts';
import { startPeers } from '../targets/peers/peers.ts';
import { startPortvakt } from '../targets/portvakt.ts';

export type TokensOrder = {
  readonly extent: Extent;
  readonly workers: number;
  /** In the register. */
  readonly delegations: number;
  /** Whether others' servers are measured beside. */
  readonly peers: boolean;
};

/** What a token costs of Portvakt, by the kinds of request, and of others. @param tell hears of the progress. */
export async function measureTokens(order: TokensOrder, tell: (line: string) => void): Promise<Outcome> {
  const { extent, workers, delegations } = order;
  return closing(async (later) => {
    const presigner = openPresigner();
    later(() => presigner.close());
    const { server, targets } = await startPortvakt(presigner, { workers, delegations });
    later(() => server.stop());
    const peers = order.peers ? await startPeers(presigner, workers) : [];
    for (const peer of peers) later(() => peer.server.stop());
    const measurement = await measure([...targets, ...peers.map(({ target }) => target)], extent, tell);
    return tokensOutcome(measurement, { ...extent, workers });
  });
}
