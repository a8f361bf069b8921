import { worldOfRun } from '../../proving/made-world.ts';
import type { Presigner } from '../../proving/presigner.ts';
import { delegationsTo, portvaktKinds } from '../targets/portvakt-kinds.ts';
import type { Target } from '../targets/target.ts';
import type { FetchedList } from './fetched-list.ts';
import type { Installed } from './listing-server.ts';
import { type MeasuredServer, startMeasured } from './measured-server.ts';

/** Requests with a `kid` to a server that loads a revocation list whenever its work is asked for. */
export type ListingTarget = Omit<Target, 'server'> & { readonly server: MeasuredServer };

/** In one process, which tells what loading the list does to it. */
export async function startListing(presigner: Presigner, list: FetchedList): Promise<ListingTarget> {
  const { world, clients } = await worldOfRun();
  const order = delegationsTo(1);
  const installed: Installed = { world, order, list };
  const server = await startMeasured(new URL('listing-server.ts', import.meta.url), installed);
  const [kid] = portvaktKinds(server, presigner, { clients, order });
  return { ...kid, server };
}
