import type { Client } from '../core/client.ts';
import { Fault } from '../core/fault.ts';
import type { Changes } from '../core/ports.ts';
import type { Act } from './act.ts';
import { storeClient } from './clients.ts';

/**
 * Blocks a client, which behaves as not existing from then on, or lifts the block. Its organisation cannot. Own API, operator
 * @param change.reason of the block; undefined lifts it.
 * @throws {Fault} PV-609 for the client that calls: it would lock itself out
 */
export async function blockClient(
  changes: Changes,
  { before, reason }: { readonly before: Client; readonly reason: string | undefined },
  act: Act,
): Promise<Client> {
  if (reason !== undefined && before.clientId === act.caller.clientId) {
    const message = 'a client cannot block itself';
    throw new Fault('PV-609', { fields: [{ object: 'client', field: 'client_id', message }] });
  }
  const { blocked: _, ...open } = before;
  return storeClient(changes, { before, after: { ...open, ...(reason !== undefined && { blocked: reason }) } }, act);
}
