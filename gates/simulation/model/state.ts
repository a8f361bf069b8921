import type { TokenSettings } from '../../../server/core/settings.ts';
import type { World } from '../world.ts';

// The model: the rules once more, written from the contract and the security reference alone, as plain maps and ifs. It knows no
// caches, no commits and no workers, and calls nothing of what it is compared with.

export type ModelClient = {
  readonly orgno: string;
  readonly supplier?: string;
  readonly active: boolean;
  readonly blocked: boolean;
  readonly type: string;
  readonly scopes: readonly string[];
  /** 0: never set. */
  readonly lifetime: number;
  readonly keys: readonly ModelKey[];
};

export type ModelKey = { readonly kid: string; readonly alg?: string; readonly expires: number; readonly certificate?: string };

export type ModelScope = {
  readonly active: boolean;
  readonly openToAll: boolean;
  readonly types: readonly string[];
  readonly maxAge: number;
  readonly source?: string;
  readonly audience?: string;
  readonly sealed: boolean;
  readonly alg?: string;
};

export type ModelDelegation = {
  readonly consumer: string;
  readonly supplier: string;
  readonly scopes: readonly string[];
  readonly from: number;
  readonly to: number;
  readonly revoked: boolean;
};

export type ModelConsent = {
  readonly from: string;
  readonly to: string;
  readonly given: number;
  readonly until: number;
  readonly revoked: boolean;
};

export type ModelSystemUser = { readonly customer: string; readonly reference: string; readonly state: string };

/** Everything that an answer can hang on. */
export type State = {
  readonly settings: TokenSettings;
  readonly details: World['details'];
  /** Organisation to whether it is active. */
  readonly organizations: Map<string, boolean>;
  readonly scopes: Map<string, ModelScope>;
  readonly clients: Map<string, ModelClient>;
  /** `scope consumer` to whether it is let in. */
  readonly accesses: Map<string, boolean>;
  readonly delegations: Map<string, ModelDelegation>;
  readonly consents: Map<string, ModelConsent>;
  readonly systemUsers: Map<string, ModelSystemUser>;
  /** The one system there is: `active`, and the clients that it has. */
  readonly system: Map<string, boolean>;
  /** Issuer to whether its source is switched on. */
  readonly sources: Map<string, boolean>;
  /** `client id` to the customer's number. */
  readonly customers: Map<string, string>;
  /** Assertions that have been used, and when each is over. */
  readonly spent: Map<string, number>;
  /** What the source elsewhere knows, and certificates that are revoked. */
  readonly outside: Set<string>;
  readonly outsideConsents: Map<string, { readonly from: string; readonly to: string }>;
  /** What is counted, by name. */
  readonly counts: Map<string, number>;
};

export function stateOf(world: World): State {
  return {
    settings: world.settings,
    details: world.details,
    organizations: new Map(world.organizations.map(({ orgno, active }) => [orgno, active])),
    scopes: new Map(
      world.scopes.map((scope) => [
        scope.name,
        {
          ...{ active: scope.active, openToAll: scope.accessibleForAll, types: scope.allowedIntegrationTypes },
          ...{ maxAge: scope.atMaxAge, sealed: scope.requiresQualifiedSeal === true },
          ...(scope.delegationSource !== undefined && { source: scope.delegationSource }),
          ...(scope.enforcedAudience !== undefined && { audience: scope.enforcedAudience }),
          ...(scope.signingAlgorithm !== undefined && { alg: scope.signingAlgorithm }),
        },
      ]),
    ),
    clients: new Map(
      world.clients.map((client) => [
        client.clientId,
        {
          ...{ orgno: client.orgno, active: client.active, blocked: client.blocked !== undefined, type: client.integrationType },
          ...{ scopes: client.scopes, lifetime: client.accessTokenLifetime, keys: client.keys },
          ...(client.supplierOrgno !== undefined && { supplier: client.supplierOrgno }),
        },
      ]),
    ),
    accesses: new Map(
      world.accesses.map(({ scope, consumerOrgno, state }) => [`${scope} ${consumerOrgno}`, state === 'APPROVED']),
    ),
    delegations: new Map(),
    consents: new Map(),
    systemUsers: new Map(),
    system: new Map([['active', true], ...world.systems.flatMap(({ clientIds }) => clientIds.map((id) => [id, true] as const))]),
    sources: new Map(world.sources.map(({ issuer, active }) => [issuer, active])),
    customers: new Map(),
    spent: new Map(),
    outside: new Set(),
    outsideConsents: new Map(),
    counts: new Map(),
  };
}

/** A state that can be changed without the other: what is in the maps never changes. */
export function copyOf(state: State): State {
  const entries = Object.entries(state).map(([name, value]) => {
    if (value instanceof Map) return [name, new Map<unknown, unknown>(value)];
    return [name, value instanceof Set ? new Set(value) : value];
  });
  return Object.fromEntries(entries) as State;
}

export function count(state: State, name: string): void {
  state.counts.set(name, (state.counts.get(name) ?? 0) + 1);
}
