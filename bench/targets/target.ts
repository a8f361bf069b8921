import type { LoadedServer } from '../../proving/portvakt.ts';

/** What a store has done so far, for itself. */
export type StoreCounters = {
  /** Microseconds of CPU of its own processes. */
  readonly cpu: number;
  /** Statements that it was sent, each of them a round trip. */
  readonly statements: number;
  /** Octets of its write-ahead log. */
  readonly log: number;
};

/** One kind of request to one server: a line of the table. */
export type Target = {
  readonly name: string;
  readonly server: Pick<LoadedServer, 'issuer' | 'port' | 'cpu'> & {
    /** Of all nodes, where there are several. */
    readonly ports?: readonly number[];
  };
  /** Of a store that has processes of its own. */
  readonly store?: () => Promise<StoreCounters>;
  /** So many requests that each deserve a token, whole HTTP messages, signed now. */
  requests(count: number): Promise<Uint8Array[]>;
  /** What a replay must be answered with. A peer has none: what it answers is told, and not judged. */
  readonly replayIs?: string;
  /** What the server does not do that Portvakt does, for whoever compares. */
  readonly leavesOut?: string;
};
