import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installWorld, type World } from '../../fixtures/world.ts';
import { devConfig } from '../../server/config.ts';
import { startServer } from '../../server/main.ts';
import { type DelegationOrder, installDelegations } from '../targets/delegations.ts';
import { type FetchedList, loadFetched } from './fetched-list.ts';
import { runMeasured, type Served } from './measured-process.ts';

runMeasured(servePortvakt);

/** What the measured server starts with. */
export type Installed = {
  readonly world: World;
  readonly order: DelegationOrder;
  /** A revocation list that it fetches and loads whenever its work is asked for. */
  readonly list?: FetchedList;
};

/** The server as `portvakt dev` and `portvakt serve` run it, on a store of its own that goes with it: nothing switched off. */
async function servePortvakt({ world, order, list }: Installed): Promise<Served> {
  const dataDir = await mkdtemp(join(tmpdir(), 'portvakt-bench-'));
  const installation = { now: Math.floor(Date.now() / 1000), correlationId: '0'.repeat(32) };
  const server = await startServer(devConfig({ dataDir, port: 0 }), {
    prepare: async (storage, issuer) => {
      await installWorld(world, storage, { ...installation, issuer });
      await installDelegations(storage, order, installation.now);
    },
  });
  const close = async (): Promise<void> => {
    await server.close();
    await rm(dataDir, { recursive: true });
  };
  return { issuer: server.issuer, port: server.port, close, ...(list && { work: () => loadFetched(list, dataDir) }) };
}
