import type { AdminScope } from '../core/admin-scopes.ts';
import type { Registers } from '../core/ports.ts';
import type { EpochSeconds } from '../core/time.ts';
import type { Caller } from '../selfservice/caller.ts';

/** What a look-up is asked. */
export type Asked = {
  readonly caller: Caller;
  /** The parameters, their names in small letters: the service that is imitated does not tell them apart. */
  readonly query: ReadonlyMap<string, string>;
  readonly body?: object;
  readonly registers: Registers;
  readonly now: EpochSeconds;
};

/** One of the look-ups that Altinn offers to Maskinporten, answered from this server's own registers. Contract §6.3, §7 */
export type Lookup = {
  readonly method: 'GET' | 'POST';
  /** With or without a final slash, as the service that is imitated has it. */
  readonly path: string;
  /** Any of these opens it. */
  readonly scopes: readonly AdminScope[];
  /** @throws {Problem | EmptyRefusal | Fault} */
  readonly answer: (asked: Asked) => Promise<object>;
};
