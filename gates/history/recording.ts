import { setTimeout as pause } from 'node:timers/promises';
import { makeAssertion } from '../../fixtures/assertion.ts';
import type { Credentials } from '../../fixtures/made-up-world.ts';
import { Connection } from '../../proving/connection.ts';
import { tokenRequest } from '../../proving/token-request.ts';
import { JWT_BEARER } from '../../server/core/token-request.ts';
import { accessToken, apiRequest } from '../load/api-request.ts';
import { ask, TOKEN } from '../load/spending.ts';
import type { Trial } from '../load/trial.ts';
import type { Change, Decision } from './history.ts';

/** What is given and taken away, and how a node shows whether it is given. */
export type Grantable = {
  readonly subject: string;
  readonly admin: Credentials;
  readonly adminScope: string;
  readonly client: Credentials;
  readonly scope: string;
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Code of the refusal where it is not given. */
  readonly refusal: string;
  /** The request that gives it, or takes away what the last answer to giving told of. */
  change(gives: boolean, given: { readonly id?: string }): Pick<Parameters<typeof apiRequest>[1], 'method' | 'path' | 'body'>;
};

const CLOSED = 'prove:bygg.read';
const OPEN = 'prove:kart.read';

/** The access of the made-up world's consumer, and a delegation to its supplier. */
export function grantables(trial: Trial): readonly [access: Grantable, delegation: Grantable] {
  const consumer = trial.client('demo-consumer');
  const supplier = trial.client('demo-supplier');
  return [
    {
      ...{ subject: 'the access', admin: trial.client('demo-owner-admin'), adminScope: 'idporten:scopes.write' },
      ...{ client: consumer, scope: CLOSED, refusal: 'MP-250' },
      change: (gives) => ({
        method: gives ? 'PUT' : 'DELETE',
        path: `/scopes/access/${consumer.orgno}?scope=${CLOSED}`,
      }),
    },
    {
      ...{ subject: 'the delegation', admin: trial.client('demo-consumer-admin'), adminScope: 'portvakt:delegations.write' },
      ...{ client: supplier, scope: OPEN, claims: { consumer_org: consumer.orgno }, refusal: 'MP-251' },
      change: (gives, { id = '' }) =>
        gives
          ? { method: 'POST', path: '/delegations', body: JSON.stringify({ supplier_orgno: supplier.orgno, scopes: [OPEN] }) }
          : { method: 'DELETE', path: `/delegations/${id}` },
    },
  ];
}

/** Milliseconds between two tries of a change that is not acknowledged, and between two requests of one client. */
const REST = 20;

/** Milliseconds in which a change is acknowledged, whatever else happens to its node: one that is never would be waited for for ever. */
const PATIENCE = 60_000;

/** Records what several clients see of the nodes of a trial. */
export class Recording {
  readonly changes: Change[] = [];
  readonly decisions: Decision[] = [];
  /** Answers that say nothing of the subject, and how often they came. */
  readonly others = new Map<string, number>();
  readonly #trial: Trial;
  readonly #given = new Map<string, { readonly id?: string }>();
  readonly #tokens = new Map<string, Promise<string>>();

  constructor(trial: Trial) {
    this.#trial = trial;
  }

  /** What stands from the beginning. */
  stands({ subject }: Grantable, gives: boolean): void {
    const [began, ended] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
    this.changes.push({ subject, gives, node: -1, began, ended });
  }

  /** Makes a change at a node, again until it is acknowledged. @throws {Error} when it is refused, or not acknowledged in time */
  async change(grantable: Grantable, gives: boolean, node: number): Promise<Change> {
    const { subject } = grantable;
    const token = await this.#token(grantable, node);
    const key = crypto.randomUUID();
    const headers = { 'If-Match': '*', ...(gives && { 'Idempotency-Key': key }) };
    const request = { ...grantable.change(gives, this.#given.get(subject) ?? {}), token };
    const connection = this.#connect(node);
    const began = performance.now();
    while (performance.now() - began < PATIENCE) {
      const sent = apiRequest(this.#trial.issuer, {
        ...request,
        headers: request.method === 'POST' ? headers : { 'If-Match': '*' },
      });
      const answer = await connection.ask(sent).catch(() => undefined);
      if (answer?.status === 200) {
        const change = { subject, gives, node, began, ended: performance.now() };
        this.changes.push(change);
        if (gives) this.#given.set(subject, JSON.parse(answer.body));
        connection.close();
        return change;
      }
      if (answer && answer.status !== 503) throw new Error(`${request.method} ${request.path}: ${answer.status} ${answer.body}`);
      this.#count(answer ? 'a change was refused with 503' : 'a change got no answer');
      await pause(REST);
    }
    throw new Error(`${request.method} ${request.path}: not acknowledged within ${PATIENCE / 1000} s`);
  }

  /** Asks a node for tokens that rest on it, one after the other, on a connection of its own. */
  async decide(grantable: Grantable, node: number, goesOn: () => boolean): Promise<void> {
    const { issuer } = this.#trial;
    const { subject, client, scope, claims = {}, refusal } = grantable;
    const connection = this.#connect(node);
    while (goesOn()) {
      const assertion = await makeAssertion({ ...client, audience: issuer, scope, claims, now: Date.now() / 1000 });
      const request = tokenRequest(issuer, { grant_type: JWT_BEARER, assertion });
      const began = performance.now();
      const came = await ask(connection, request);
      const token = came === TOKEN;
      if (token || came === refusal) this.decisions.push({ subject, token, node, began, ended: performance.now() });
      else this.#count(came);
      await pause(REST);
    }
    connection.close();
  }

  #connect(node: number): Connection {
    return new Connection(this.#trial.ports[node] ?? 0);
  }

  /** Of the administrator, for as long as a trial lasts, from a node that answers. */
  #token({ subject, admin, adminScope }: Grantable, node: number): Promise<string> {
    const name = `${subject} ${Math.floor(performance.now() / TOKEN_LASTS)}`;
    const where = { issuer: this.#trial.issuer, port: this.#trial.ports[node] ?? 0 };
    const token = this.#tokens.get(name) ?? accessToken(where, { ...admin, scope: adminScope });
    this.#tokens.set(name, token);
    return token;
  }

  #count(what: string): void {
    this.others.set(what, (this.others.get(what) ?? 0) + 1);
  }
}

/** Milliseconds for which an administrator's token is used: half of its life. */
const TOKEN_LASTS = 60_000;
