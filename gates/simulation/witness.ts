import type { Changing, Request } from './step.ts';
import type { Observed } from './system/system.ts';
import type { World } from './world.ts';

/** What has to hold whatever the rules say: a second opinion, that knows nothing of the model either. */
export class Witness {
  readonly #world: World;
  /** When what has brought a token was over: another may have its `jti` after that. */
  readonly #served = new Map<string, number>();
  readonly #ids = new Set<string>();

  constructor(world: World) {
    this.#world = world;
  }

  /** @returns what is wrong with these tokens, if anything */
  object(all: readonly (Request | Changing)[], observed: readonly Observed[]): string | undefined {
    for (const [place, { answer, rows, jti }] of observed.entries()) {
      const each = all[place];
      if (each?.kind !== 'request' || !('token' in answer)) continue;
      const { iat, exp } = each.grant.claims;
      const isSecond = Number(iat) <= (this.#served.get(keyOf(each)) ?? Number.NEGATIVE_INFINITY);
      const objection = isSecond ? 'an assertion brought a second token' : this.#flawOf(answer.token, each);
      if (objection !== undefined) return objection;
      if (jti === undefined || this.#ids.has(jti)) return 'a jti was given twice';
      if (!rows.some(({ type }) => type === 'token.issuing')) return 'a token without a record in the audit';
      this.#served.set(keyOf(each), Number(exp));
      this.#ids.add(jti);
    }
    return undefined;
  }

  /** A token is in the name of the client's own organisation, of the consumer that was named, or of a customer that was. */
  #flawOf(token: Readonly<Record<string, unknown>>, { grant: { claims } }: Request): string | undefined {
    const client = this.#world.clients.find(({ clientId }) => clientId === claims.iss);
    const { ID } = token.consumer as { readonly ID: string };
    const named = claims.consumer_org ?? client?.orgno;
    if (claims.iss_onbehalfof === undefined && ID !== `0192:${named}`) return `a token in the name of ${ID}`;
    if (Number(token.exp) - Number(token.iat) > this.#world.settings.maxTokenLifetime) return 'a token that lives too long';
    return token.scope === claims.scope ? undefined : 'a token for other scopes than were asked for';
  }
}

function keyOf({ grant: { header, claims } }: Request): string {
  return JSON.stringify(claims.jti === undefined ? [header, claims] : [claims.iss, claims.jti]);
}
