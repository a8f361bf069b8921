import { type Asking, type Authority, SourceUnavailable } from '../core/authorities.ts';
import { type ConsentQuestion, type FoundConsent, organizationUrn } from '../core/consent.ts';
import type { DelegatedScope } from '../core/delegation.ts';
import type { AltinnSource } from '../core/source.ts';
import type { FoundSystemUser, SystemUserQuestion } from '../core/system-user.ts';
import { type Trace, traceparent } from '../core/trace.ts';
import { readConsent, readDelegations, readSystemUser } from './altinn-answers.ts';
import { Breaker, Paused } from './breaker.ts';
import { type HttpAnswer, HttpService, NoAnswer, type Question, Unasked, Unreachable } from './http-service.ts';
import { KeptAnswers } from './kept-answers.ts';
import { type OwnClient, OwnTokens } from './own-token.ts';

/** One of Altinn's look-ups: where, and the scope that opens it. Contract §6.3, §7.1, §7.2 */
type Lookup = { readonly path: string; readonly scope: string };

const DELEGATIONS: Lookup = {
  path: '/accessmanagement/api/v1/maskinporten/delegations/',
  scope: 'altinn:maskinporten/delegations.admin',
};
const SYSTEM_USERS: Lookup = {
  path: '/authentication/api/v1/systemuser/byExternalId',
  scope: 'altinn:maskinporten/systemuser.read',
};
const CONSENTS: Lookup = {
  path: '/accessmanagement/api/v1/maskinporten/consent/lookup',
  scope: 'altinn:maskinporten/consent.read',
};

/** Seconds after which a client may ask again when the source did not answer this once. */
const RETRY_AFTER = 2;

type Headers = Question['headers'];

/** How long the whole question may take, and what puts each request of it into its trace. */
type Means = { readonly signal: AbortSignal; readonly follow: () => Headers };

/** The settings of a source, and what its questions are signed and timed with. */
export type AltinnMeans = Pick<OwnClient, 'key' | 'clock' | 'random' | 'tracing'>;

/**
 * A service with Altinn's look-up APIs. Each question is bounded in time, tried twice at most, and spared to everybody while the
 * service does not answer; its answer is believed only as far as it fits the question. `PV-SEC-072`
 */
export class AltinnAuthority implements Authority {
  readonly name: string;
  readonly remote = true;
  readonly #timeout: number;
  readonly #random: AltinnMeans['random'];
  readonly #service: HttpService;
  readonly #tokens: OwnTokens;
  readonly #kept: KeptAnswers;
  readonly #breaker = new Breaker();

  constructor(
    name: string,
    { baseUrl, tokenIssuer, clientId, timeoutMs, cacheSeconds }: AltinnSource,
    { key, clock, random, tracing }: AltinnMeans,
  ) {
    this.name = name;
    this.#timeout = timeoutMs;
    this.#random = random;
    this.#service = new HttpService(baseUrl, tracing);
    const issuer = tokenIssuer ?? baseUrl.replace(/\/?$/, '/');
    this.#tokens = new OwnTokens({ issuer, clientId, key, clock, random, tracing });
    this.#kept = new KeptAnswers(cacheSeconds);
  }

  isDelegated({ scope, consumerOrgno, supplierOrgno }: DelegatedScope, { trace }: Asking): Promise<boolean> {
    const asked = { scope, consumerOrgno, supplierOrgno };
    const query = new URLSearchParams({ supplierOrg: supplierOrgno, consumerOrg: consumerOrgno, scope });
    return this.#answer(['delegation', scope, consumerOrgno, supplierOrgno], async () =>
      readDelegations(await this.#get(DELEGATIONS, query, trace), asked),
    );
  }

  findSystemUser(asked: SystemUserQuestion, { trace }: Asking): Promise<FoundSystemUser | undefined> {
    const { clientId, vendorOrgno, customerOrgno, externalRef } = asked;
    const query = new URLSearchParams({ clientId, systemProviderOrgNo: vendorOrgno, systemUserOwnerOrgNo: customerOrgno });
    if (externalRef !== undefined) query.set('externalRef', externalRef);
    return this.#answer(['system user', clientId, vendorOrgno, customerOrgno, externalRef], async () =>
      readSystemUser(await this.#get(SYSTEM_USERS, query, trace), asked),
    );
  }

  /** One whose time is over does not count, whoever says so and whenever it was asked for. */
  async findConsent(asked: ConsentQuestion, { now, trace }: Asking): Promise<FoundConsent | undefined> {
    const { id, from, toOrgno } = asked;
    const body = JSON.stringify({ id, from, to: organizationUrn(toOrgno) });
    const found = await this.#answer(['consent', id, from, toOrgno], async () =>
      readConsent(await this.#post(CONSENTS, body, trace), asked),
    );
    return found && Date.parse(found.validTo) > now * 1000 ? found : undefined;
  }

  async close(): Promise<void> {
    await Promise.all([this.#service.close(), this.#tokens.close()]);
  }

  /** A positive answer that is still good, or a new one. @throws {SourceUnavailable} */
  async #answer<T>(question: readonly (string | undefined)[], ask: () => Promise<T>): Promise<T> {
    try {
      return await this.#kept.answer(JSON.stringify(question), () => this.#breaker.run(ask));
    } catch (cause) {
      if (cause instanceof Paused)
        throw new SourceUnavailable(cause.message, { retryAfter: Math.max(1, Math.ceil(cause.remaining / 1000)), cause });
      if (cause instanceof Unreachable || cause instanceof NoAnswer || cause instanceof Unasked)
        throw new SourceUnavailable(cause.message, { retryAfter: RETRY_AFTER, cause });
      throw cause;
    }
  }

  #get({ scope, path }: Lookup, query: URLSearchParams, trace: Trace | undefined): Promise<HttpAnswer> {
    return this.#ask(scope, { method: 'GET', path: `${path}?${query}`, headers: {} }, trace);
  }

  #post({ scope, path }: Lookup, body: string, trace: Trace | undefined): Promise<HttpAnswer> {
    return this.#ask(scope, { method: 'POST', path, headers: { 'Content-Type': 'application/json' }, body }, trace);
  }

  /** Once more where the first try came to nothing and there is time left; a token that was refused is not used again. */
  async #ask(scope: string, question: Question, trace: Trace | undefined): Promise<HttpAnswer> {
    const means = { signal: AbortSignal.timeout(this.#timeout), follow: () => this.#traced(trace) };
    try {
      const answer = await this.#try(scope, question, means);
      if (answer.status !== 401) return answer;
      this.#tokens.forget(scope);
    } catch (error) {
      if (!(error instanceof Unreachable) || means.signal.aborted) throw error;
    }
    return this.#try(scope, question, means);
  }

  async #try(scope: string, question: Question, { signal, follow }: Means): Promise<HttpAnswer> {
    const token = await this.#tokens.get(scope, { signal, headers: follow() });
    const headers = { ...question.headers, ...follow(), Accept: 'application/json', Authorization: `Bearer ${token}` };
    return this.#service.ask({ ...question, headers }, signal);
  }

  /** Each request is a child of its own, so that the source's log can be laid beside ours. W3C Trace Context §3.4 */
  #traced(trace: Trace | undefined): Headers {
    return trace === undefined ? {} : { traceparent: traceparent(trace, this.#random.spanId()) };
  }
}
