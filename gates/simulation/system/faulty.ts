import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Changes, type Ports, type Storage, StoreUnavailable } from '../../../server/core/ports.ts';
import type { PortFault } from '../step.ts';

/** The process is gone: nothing after this is done, and nobody is answered. */
export class Crash extends Error {
  override readonly name = 'Crash';
}

/** What may go wrong for one request or change. */
export type Trouble = { readonly fault: PortFault | undefined; readonly slow: number };

/** Waits so many turns of the event loop, in which others go on. */
export async function pauseOf({ slow }: Pick<Trouble, 'slow'>): Promise<void> {
  for (let turn = 0; turn < slow; turn++) await nextTurn();
}

/** The ports as one request meets them. */
export function troubledPorts<Some extends Pick<Ports, 'storage' | 'registers' | 'signer'>>(ports: Some, trouble: Trouble): Some {
  const { registers, signer } = ports;
  const at = <T>(port: PortFault['port'], work: () => Promise<T>) => troubled(port, { trouble, work });
  return {
    ...ports,
    storage: troubledStorage(ports.storage, trouble),
    registers: () => at('version', registers),
    signer: { sign: (claims, algorithm) => at('sign', () => signer.sign(claims, algorithm)) },
  };
}

/** The store as one request or change meets it. */
export function troubledStorage(storage: Storage, trouble: Trouble): Storage {
  const { assertions, audit } = storage;
  const at = <T>(port: PortFault['port'], work: () => Promise<T>) => troubled(port, { trouble, work });
  return {
    ...storage,
    assertions: {
      ...assertions,
      spend: (key, expires, verdict) => at('spend', () => assertions.spend(key, expires, verdict)),
    },
    audit: { ...audit, append: (record) => at('append', () => audit.append(record)) },
    transaction: (work) =>
      at('transaction', () => storage.transaction((changes) => work(troubledChanges(changes, trouble.fault)))),
  };
}

/** In the middle of a change: what it has written so far must not stay. */
function troubledChanges(changes: Changes, fault: PortFault | undefined): Changes {
  if (fault?.port !== 'audit') return changes;
  return {
    ...changes,
    audit: {
      append: async (record) => {
        if (fault.when === 'after') await changes.audit.append(record);
        throw failure(fault);
      },
    },
  };
}

async function troubled<T>(
  port: PortFault['port'],
  { trouble, work }: { readonly trouble: Trouble; readonly work: () => Promise<T> },
): Promise<T> {
  const fault = trouble.fault?.port === port ? trouble.fault : undefined;
  if (trouble.slow > 0) await pauseOf(trouble);
  if (fault?.when === 'before') throw failure(fault);
  const done = await work();
  if (fault) throw failure(fault);
  return done;
}

function failure({ how }: PortFault): Error {
  return how === 'crash' ? new Crash() : new StoreUnavailable('the simulated store cannot');
}
