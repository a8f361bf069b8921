import { closing } from '../../proving/closing.ts';
import type { Portvakt, Serving } from '../../proving/portvakt.ts';
import { openPresigner } from '../../proving/presigner.ts';
import { warmUp } from '../measures/rounds.ts';
import { startPortvakt } from '../targets/portvakt.ts';
import type { Target } from '../targets/target.ts';

/** What a mode that measures one Portvakt gives it. */
export type Work<T> = (portvakt: { readonly server: Portvakt; readonly target: Target }, later: Later) => Promise<T>;
type Later = (close: () => Promise<void>) => void;

export type OnePortvakt = Serving & {
  readonly delegations: number;
  readonly extent: { readonly warmUp: number; readonly connections: number };
};

/** Starts a Portvakt, warms it up with requests by `kid`, and stops it after the work. */
export async function withPortvakt<T>({ extent, ...serving }: OnePortvakt, work: Work<T>): Promise<T> {
  return closing(async (later) => {
    const presigner = openPresigner();
    later(() => presigner.close());
    const { server, targets } = await startPortvakt(presigner, serving);
    later(() => server.stop());
    const [target] = targets;
    await warmUp(target, extent);
    return work({ server, target }, later);
  });
}
