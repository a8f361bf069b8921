import type { Worker } from 'node:cluster';

/** A connection as Node's cluster sends it: accepted by this process, and not yet anybody's. */
type Handle = { close(): void };

/** What Node's cluster says to a worker, and what it is answered, as far as it is of interest here. */
type Sent = { readonly act?: unknown; readonly seq?: unknown };
type Answered = { readonly ack?: unknown };
type Send = (message: Sent, handle?: Handle, ...rest: unknown[]) => boolean;

/**
 * Ends the connections that a worker takes to its grave. Node's cluster deals a worker one connection of each listener at a time, and waits
 * for its word that it has it. From one that is killed before that no word comes: the connection would be held here for ever, open and
 * never answered, while the sender waits. Node has no public place for this: where it says other things one day, connections are held as it
 * holds them.
 */
export function endWhatIsHandedOver(worker: Worker): void {
  const { process: child } = worker;
  const onTheirWay = new Map<unknown, Handle>();
  const send = child.send.bind(child) as unknown as Send;
  const watching: Send = (message, handle, ...rest) => {
    if (message.act === 'newconn' && handle) onTheirWay.set(message.seq, handle);
    return send(message, handle, ...rest);
  };
  child.send = watching as typeof child.send;
  // Taken, or given back for another worker. Node, which hears it first, may have sent the next one by then: each has its own number.
  child.on('internalMessage', ({ ack }: Answered) => onTheirWay.delete(ack));
  const end = (): void => {
    for (const handle of onTheirWay.values()) handle.close();
    onTheirWay.clear();
  };
  // Either may come first, and until both have come Node may send.
  worker.once('exit', end);
  worker.once('disconnect', end);
}
