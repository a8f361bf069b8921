import { makeDataDirectory } from '../../proving/data-directory.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { type Portvakt, type Serving, servePortvakt } from '../../proving/portvakt.ts';
import type { Presigner } from '../../proving/presigner.ts';
import { installDelegations } from './delegations.ts';
import { delegationsTo, portvaktKinds } from './portvakt-kinds.ts';
import type { Target } from './target.ts';

/** A Portvakt with the made-up world and a register of delegations, and the kinds of request to it; stopping it removes its data. */
export async function startPortvakt(
  presigner: Presigner,
  { delegations, ...serving }: Serving & { readonly delegations: number },
): Promise<{ readonly server: Portvakt; readonly targets: readonly [Target, ...Target[]] }> {
  const { world, clients } = await worldOfRun();
  const order = delegationsTo(delegations);
  const directory = await makeDataDirectory(world, (storage, { now }) => installDelegations(storage, order, now));
  try {
    const serve = await servePortvakt(directory, serving);
    const server = { ...serve, stop: () => serve.stop().finally(directory.remove) };
    return { server, targets: portvaktKinds(server, presigner, { clients, order }) };
  } catch (error) {
    await directory.remove();
    throw error;
  }
}
