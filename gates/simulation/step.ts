/** What a client sends, in plain values: which key really signs it is said apart from what its header says. */
export type PlainGrant = {
  readonly header: { readonly alg: string; readonly kid?: string; readonly x5c?: string | readonly string[] };
  readonly signedBy: string;
  readonly claims: Readonly<Record<string, unknown>>;
};

/** Where a port fails while a request or a change is under way: before what it does, or after, when nobody hears that it was done. */
export type PortFault = {
  readonly port: 'version' | 'spend' | 'append' | 'sign' | 'transaction' | 'audit';
  readonly when: 'before' | 'after';
  /** The store says that it cannot, or the process dies. */
  readonly how: 'unavailable' | 'crash';
};

/** How the source elsewhere behaves: as it should, out of reach, or with answers to questions that were not asked. */
export type SourceMood = 'well' | 'down' | 'lying' | 'garbled';

export type Request = {
  readonly kind: 'request';
  readonly worker: number;
  readonly grant: PlainGrant;
  readonly fault?: PortFault;
  readonly mood?: SourceMood;
  /** Turns of the event loop that each port takes. */
  readonly slow?: number;
};

/** A change of what is registered, as its use case takes it. `by` is the organisation that asks for it. */
export type Change =
  | { readonly what: 'grant access' | 'withdraw access'; readonly scope: string; readonly consumer: string }
  | { readonly what: 'set scope'; readonly scope: string; readonly set: ScopeSet }
  | { readonly what: 'deactivate scope'; readonly scope: string }
  | { readonly what: 'set client'; readonly client: string; readonly by: string; readonly set: ClientSet }
  | { readonly what: 'deactivate client'; readonly client: string; readonly by: string }
  | { readonly what: 'block client' | 'unblock client'; readonly client: string }
  | { readonly what: 'put key'; readonly client: string; readonly by: string; readonly kid: string; readonly exp: number }
  | { readonly what: 'remove key'; readonly client: string; readonly by: string; readonly kid: string }
  | { readonly what: 'remove keys'; readonly client: string; readonly by: string }
  | { readonly what: 'set organization'; readonly orgno: string; readonly active: boolean }
  | ({ readonly what: 'delegate'; readonly id: string; readonly by: string } & DelegationSet)
  | { readonly what: 'end delegation'; readonly id: string; readonly by: string }
  | { readonly what: 'consent'; readonly id: string; readonly from: string; readonly to: string; readonly validTo: number }
  | { readonly what: 'revoke consent'; readonly id: string; readonly by: string }
  | { readonly what: 'request system user'; readonly id: string; readonly customer: string; readonly externalRef?: string }
  | { readonly what: 'approve system user' | 'revoke system user'; readonly id: string; readonly by: string }
  | { readonly what: 'set system'; readonly active: boolean; readonly clientIds: readonly string[] }
  | { readonly what: 'set source'; readonly name: string; readonly active: boolean }
  | { readonly what: 'add customer'; readonly client: string; readonly id: string; readonly orgno: string }
  | { readonly what: 'remove customer'; readonly client: string; readonly id: string };

export type ScopeSet = {
  readonly active: boolean;
  readonly accessibleForAll: boolean;
  readonly atMaxAge: number;
  readonly delegationSource?: string;
  readonly enforcedAudience?: string;
};

export type ClientSet = { readonly active: boolean; readonly scopes: readonly string[]; readonly lifetime: number };

export type DelegationSet = {
  readonly supplier: string;
  readonly scopes: readonly string[];
  readonly validFrom?: number;
  readonly validTo?: number;
};

export type Changing = {
  readonly kind: 'change';
  readonly worker: number;
  readonly change: Change;
  readonly fault?: PortFault;
  readonly slow?: number;
};

/** What the world outside does: the source elsewhere learns or forgets something, a certificate is revoked. */
export type Outside =
  | { readonly what: 'delegates' | 'ends'; readonly scope: string; readonly consumer: string; readonly supplier: string }
  | { readonly what: 'has system user' | 'has no system user'; readonly customer: string }
  | { readonly what: 'has consent' | 'has no consent'; readonly id: string; readonly from: string; readonly to: string }
  | { readonly what: 'certificate revoked'; readonly name: string };

/** One thing that happens, at a moment of the time that nobody sets. Nothing in it hangs on another step, so that any can be left out. */
export type Step = { readonly at: number } & (
  | Request
  | Changing
  /** Begun in the same turn, on whatever workers. */
  | { readonly kind: 'together'; readonly all: readonly (Request | Changing)[] }
  /** The wall clock is set to stand so many seconds ahead of the time. */
  | { readonly kind: 'clock'; readonly ahead: number }
  | { readonly kind: 'restart' | 'housekeeping'; readonly worker: number }
  | { readonly kind: 'outside'; readonly outside: Outside }
);

/** What a client gets for a request or a change. A token's `jti` is not in it: it is new each time. */
export type Answer =
  | {
      readonly token: Readonly<Record<string, unknown>>;
      readonly alg: string;
      readonly expires_in: number;
      readonly scope: string;
    }
  | { readonly fault: string }
  /** 503. */
  | { readonly unavailable: true }
  /** Nobody answers: the process has died. */
  | { readonly lost: true }
  | { readonly done: true };

/** A record that the audit has kept, as far as it is compared. */
export type Row = { readonly type: string; readonly client: string; readonly says?: string };
