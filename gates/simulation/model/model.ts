import type { Answer, Changing, Outside, Request, Row } from '../step.ts';
import type { World } from '../world.ts';
import { rule } from './changes.ts';
import { actingClient, flawOfIdentity, flawOfShape } from './identity.ts';
import { type Judgement, judge } from './rights.ts';
import { copyOf, count, type State, stateOf } from './state.ts';

/** What an answer must be, and what the audit must have kept of it. */
export type Expected = { readonly answer: Answer; readonly rows: readonly Row[] };

/** The rules as a machine with one memory: every request and change happens at one moment, one after the other. */
export class Model {
  readonly state: State;
  readonly #isForgetful: boolean;

  /** @param isForgetful whether it has forgotten what was spent and is over for as long as is required, or still remembers. */
  constructor(from: World | State, isForgetful = false) {
    this.#isForgetful = isForgetful;
    this.state = 'spent' in from ? copyOf(from) : stateOf(from);
  }

  /** @param wall the server's clock, with its fraction. */
  do(what: Request | Changing, wall: number): Expected {
    return what.kind === 'request' ? this.#request(what, wall) : this.#change(what, Math.floor(wall));
  }

  /** The order of contract §1.5: what can be read, who it is, whether it is new, what it may have. */
  #request({ grant, fault, mood = 'well' }: Request, wall: number): Expected {
    const now = Math.floor(wall);
    const failed: Answer = fault?.how === 'crash' ? { lost: true } : { unavailable: true };
    const fails = (port: string, when?: string) => fault?.port === port && (when === undefined || fault.when === when);
    const shape = flawOfShape(this.state, grant);
    if (shape !== undefined) return this.#unproven(shape);
    if (fails('version')) return { answer: failed, rows: [] };
    const identity = flawOfIdentity(this.state, grant, now);
    const client = actingClient(this.state, grant);
    if (identity !== undefined || !client) return this.#unproven(identity ?? 'MP-100');
    if (fails('spend', 'before')) return { answer: failed, rows: [] };
    const key = spendKey(grant.claims, grant.header);
    const isFresh = !this.#isSpent(key, now);
    if (isFresh) this.state.spent.set(key, Math.trunc(Number(grant.claims.exp)) + this.state.settings.expLeeway);
    const verdict = judge(this.state, grant, { client, now });
    const rows: Row[] = isFresh ? [rowOf(verdict, String(grant.claims.iss))] : [];
    if (fails('spend', 'after')) return { answer: failed, rows };
    if (!isFresh) return this.#unproven('MP-012');
    if (verdict.asks && fails('append', 'before')) return { answer: failed, rows };
    const final = verdict.asks ? verdict.then(mood) : verdict;
    if (verdict.asks) rows.push(rowOf(final, String(grant.claims.iss)));
    if (verdict.asks && fails('append', 'after')) return { answer: failed, rows };
    return { answer: this.#final(final, { wall, failed: fails('sign') ? failed : undefined }), rows };
  }

  /** For a minute at least behind its end. `PV-SEC-031` */
  #isSpent(key: string, now: number): boolean {
    const over = this.state.spent.get(key);
    return over !== undefined && !(this.#isForgetful && over + 60 < now);
  }

  /** What nobody has proven leaves nothing behind but a count. `PV-SEC-034` */
  #unproven(code: string): Expected {
    count(this.state, `unproven ${code}`);
    return { answer: { fault: code }, rows: [] };
  }

  #final(final: Judgement, { wall, failed }: { readonly wall: number; readonly failed: Answer | undefined }): Answer {
    if (final.asks) throw new Error('nobody is asked twice');
    if ('fault' in final) {
      if (final.fault === 'MP-251') count(this.state, 'undelegated');
      return { fault: final.fault };
    }
    if (failed) return failed;
    count(this.state, 'issued');
    const { claims, alg } = final;
    return { token: claims, alg, expires_in: Math.floor(Number(claims.exp) - wall), scope: String(claims.scope) };
  }

  /** All of it or nothing, with its record. `PV-SEC-092` */
  #change({ change, fault }: Changing, now: number): Expected {
    const failed: Answer = fault?.how === 'crash' ? { lost: true } : { unavailable: true };
    if (fault?.port === 'transaction' && fault.when === 'before') return { answer: failed, rows: [] };
    const ruling = rule(this.state, change, now);
    if (ruling !== 'nothing' && 'fault' in ruling) return { answer: ruling, rows: [] };
    if (ruling !== 'nothing' && fault?.port === 'audit') return { answer: failed, rows: [] };
    if (ruling !== 'nothing') ruling.apply();
    const answer: Answer = fault?.port === 'transaction' ? failed : { done: true };
    return { answer, rows: ruling === 'nothing' ? [] : [{ type: ruling.type, client: `admin-${ruling.by}` }] };
  }

  /** What the world outside knows from now on. */
  outside(outside: Outside): void {
    const { outside: known, outsideConsents } = this.state;
    switch (outside.what) {
      case 'delegates':
        return void known.add(`${outside.scope} ${outside.consumer} ${outside.supplier}`);
      case 'ends':
        return void known.delete(`${outside.scope} ${outside.consumer} ${outside.supplier}`);
      case 'has system user':
        return void known.add(`system user ${outside.customer}`);
      case 'has no system user':
        return void known.delete(`system user ${outside.customer}`);
      case 'has consent':
        return void outsideConsents.set(outside.id, outside);
      case 'has no consent':
        return void outsideConsents.delete(outside.id);
      case 'certificate revoked':
        return void known.add(`revoked ${outside.name}`);
    }
  }
}

/** Two assertions are one when the client's `jti` is, or without one all that is signed. `PV-SEC-032`, `PV-SEC-033` */
function spendKey(claims: Readonly<Record<string, unknown>>, header: object): string {
  return JSON.stringify('jti' in claims ? [claims.iss, claims.jti] : [header, claims]);
}

function rowOf(verdict: Judgement, client: string): Row {
  if (verdict.asks) return { type: 'token.asking', client, says: verdict.consumer };
  if ('fault' in verdict) return { type: 'token.refused', client, says: verdict.fault };
  const { ID } = verdict.claims.consumer as { readonly ID: string };
  return { type: 'token.issuing', client, says: ID.replace('0192:', '') };
}
