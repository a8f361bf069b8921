import type { LoadedServer } from '../../proving/portvakt.ts';

/** One kind of request to one server: a line of the table. */
export type Target = {
  readonly name: string;
  readonly server: Pick<LoadedServer, 'issuer' | 'port' | 'cpu'>;
  /** So many requests that each deserve a token, whole HTTP messages, signed now. */
  requests(count: number): Promise<Uint8Array[]>;
  /** What a replay must be answered with. A peer has none: what it answers is told, and not judged. */
  readonly replayIs?: string;
  /** What the server does not do that Portvakt does, for whoever compares. */
  readonly leavesOut?: string;
};
