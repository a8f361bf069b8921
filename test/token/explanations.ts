import type { KeptExplanation } from '../../server/core/kept-explanation.ts';
import type { TestServer } from './server.ts';

/** Everything that the server keeps to explain refusals, as it keeps it. */
export function keepExplanations({ storage }: TestServer): readonly KeptExplanation[] {
  const kept: KeptExplanation[] = [];
  const { explanations } = storage;
  const { add } = explanations;
  explanations.add = async (batch) => {
    await add(batch);
    kept.push(...batch);
  };
  return kept;
}
