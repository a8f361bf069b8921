import type { PlainGrant, SourceMood } from '../step.ts';
import { CERTIFICATES, ELSEWHERE, ISSUER, SUPPLIER } from '../world.ts';
import type { ModelClient, ModelScope, State } from './state.ts';

/** What is granted to a grant that is proven: its token's claims but for `jti`, or the code of the refusal. */
export type Judgement =
  | { readonly fault: string; readonly asks: false }
  | { readonly claims: Readonly<Record<string, unknown>>; readonly alg: string; readonly asks: false }
  /** The source elsewhere has to be asked, and this is what its answer comes to. */
  | { readonly consumer: string; readonly asks: true; readonly then: (mood: SourceMood) => Judgement };

/** Contract §1.5 no. 16 to 23. */
export function judge(state: State, grant: PlainGrant, { client, now }: { client: ModelClient; now: number }): Judgement {
  const request = new Judged(state, grant, client);
  const fault =
    request.flawOfScopes() ??
    request.flawOfValues() ??
    request.flawOfParties() ??
    request.flawOfAccess() ??
    request.flawOfDelegation();
  if (fault !== undefined) return refused(fault);
  const details = request.details(now);
  if (typeof details === 'string') return refused(details);
  const delegation = request.delegationElsewhere();
  const token = (found: Details | undefined): Judgement => ({ ...request.token(now, found), asks: false });
  if (!delegation && details?.ask === undefined) return token(details);
  const then = (mood: SourceMood): Judgement => {
    const flaw = delegation?.(mood);
    if (flaw !== undefined) return refused(flaw);
    const found = details?.ask ? details.ask(mood) : details;
    return typeof found === 'string' ? refused(found) : token(found);
  };
  return { consumer: request.consumer(), asks: true, then };
}

type Details = { readonly says?: Readonly<Record<string, unknown>>; readonly ask?: (mood: SourceMood) => Details | string };

function refused(fault: string): Judgement {
  return { fault, asks: false };
}

class Judged {
  readonly #state: State;
  readonly #claims: Readonly<Record<string, unknown>>;
  readonly #client: ModelClient;
  readonly #clientId: string;
  readonly #names: readonly string[];
  readonly #scopes: readonly ModelScope[];
  readonly #amr: string;

  constructor(state: State, { claims, header }: PlainGrant, client: ModelClient) {
    this.#state = state;
    this.#claims = claims;
    this.#client = client;
    this.#clientId = String(claims.iss);
    this.#names = String(claims.scope).split(' ');
    this.#scopes = this.#names.flatMap((name) => state.scopes.get(name) ?? []);
    const certificate = header.kid === undefined ? Buffer.from(header.x5c?.[0] ?? '', 'base64').toString() : undefined;
    this.#amr = certificate === undefined ? 'private_key_jwt' : (CERTIFICATES[certificate]?.amr ?? '');
  }

  /** No. 16 and 17, and what is ours behind them: one missing scope refuses all of it. */
  flawOfScopes(): string | undefined {
    const [names, scopes] = [this.#names, this.#scopes];
    if (new Set(names).size < names.length) return 'MP-200';
    if (names.some((name) => !this.#client.scopes.includes(name) || !this.#state.scopes.get(name)?.active)) return 'MP-200';
    if (scopes.some(({ types }) => types.length > 0 && !types.includes(this.#client.type))) return 'MP-201';
    if (scopes.some(({ sealed }) => sealed) && this.#amr !== 'QCForESeal') return 'PV-202';
    const algorithms = this.#algorithms();
    return algorithms.length > 1 || !this.#signs().includes(algorithms[0] ?? '') ? 'PV-203' : undefined;
  }

  /** No. 18: `pid` and `resource`. The schedules know one person. */
  flawOfValues(): string | undefined {
    const { pid, resource } = this.#claims;
    if (pid !== undefined && pid !== '01819010001') return 'MP-011';
    return [resource ?? []].flat().every((uri) => String(uri).startsWith('https://')) ? undefined : 'MP-011';
  }

  /** No. 19, §5.4 and §6.2. */
  flawOfParties(): string | undefined {
    const { consumer_org: consumer } = this.#claims;
    if (consumer !== undefined) {
      if (!/^\d{9}$/.test(String(consumer))) return 'MP-011';
      if (consumer === this.#client.orgno) return 'PV-252';
      if (this.#client.supplier !== undefined) return 'PV-253';
      return this.#sources().length > 1 ? 'PV-254' : undefined;
    }
    if (this.#claims.iss_onbehalfof === undefined) return undefined;
    const customer = this.#customer();
    if (customer === undefined || this.#client.supplier !== undefined) return 'PV-255';
    return this.#state.organizations.get(customer) === false || this.#sources().length > 0 ? 'PV-255' : undefined;
  }

  /** No. 20: the owner has let in whoever is entitled, and a supplier that made the client. */
  flawOfAccess(): string | undefined {
    const parties = [this.#entitled(), ...(this.#client.supplier === undefined ? [] : [this.#client.supplier])];
    const isLetIn = (name: string, party: string) =>
      this.#state.organizations.get(party) && this.#state.accesses.get(`${name} ${party}`);
    const closed = this.#names.filter((name) => !this.#state.scopes.get(name)?.openToAll);
    return closed.every((name) => parties.every((party) => isLetIn(name, party))) ? undefined : 'MP-250';
  }

  /** No. 21, as far as it is known here. */
  flawOfDelegation(): string | undefined {
    if (this.#claims.consumer_org === undefined) return undefined;
    const [source] = this.#sources();
    if (this.#scopes.some((scope) => scope.source === undefined) || source === undefined) return 'MP-251';
    if (source !== ISSUER && !this.#state.sources.get(source)) return 'MP-251';
    return this.#state.organizations.get(this.#entitled()) ? undefined : 'MP-251';
  }

  /** Whether the delegations stand here is asked last, with the time. */
  #isDelegated(now: number): boolean {
    const standing = [...this.#state.delegations.values()].filter(
      ({ consumer, supplier, from, to, revoked }) =>
        !revoked && from <= now && now < to && consumer === this.#entitled() && supplier === this.#client.orgno,
    );
    return this.#names.every((name) => standing.some(({ scopes }) => scopes.includes(name)));
  }

  delegationElsewhere(): ((mood: SourceMood) => string | undefined) | undefined {
    if (this.#claims.consumer_org === undefined || this.#sources()[0] !== ELSEWHERE) return undefined;
    return (mood) => {
      if (mood === 'down' || mood === 'garbled') return 'PV-501';
      const knows = (name: string) => this.#state.outside.has(`${name} ${this.#entitled()} ${this.#client.orgno}`);
      return mood === 'well' && this.#names.every(knows) ? undefined : 'MP-251';
    };
  }

  /** No. 22, §7: what the token says of them, or a code; undefined where the grant has none. */
  details(now: number): Details | string | undefined {
    const source = this.#sources()[0];
    if (this.#claims.consumer_org !== undefined && source !== ELSEWHERE && !this.#isDelegated(now)) return 'MP-251';
    const objects = this.#claims.authorization_details as readonly Readonly<Record<string, unknown>>[] | undefined;
    if (objects === undefined) return undefined;
    if (this.#state.details === 'off') return 'MP-301';
    const types = ['urn:altinn:systemuser', 'urn:altinn:consent'];
    if (objects.some(({ type }) => !types.includes(String(type)))) return 'MP-301';
    const known = ['type', 'systemuser_org', 'externalRef', 'id', 'from'];
    if (objects.some((object) => Object.keys(object).some((member) => !known.includes(member)))) return 'MP-302';
    const [object] = objects;
    if (!object || objects.length > 1) return 'MP-303';
    return object.type === types[0] ? this.#systemUser(object) : this.#consent(object, now);
  }

  #systemUser({ systemuser_org: owner, externalRef }: Readonly<Record<string, unknown>>): Details | string {
    const customer = String((owner as { readonly ID?: string }).ID).replace('0192:', '');
    const says = (id: string): Details => ({
      says: {
        ...{ type: 'urn:altinn:systemuser', systemuser_org: party(customer), systemuser_id: [id] },
        system_id: `${SUPPLIER}_books`,
      },
    });
    if (this.#state.details === 'elsewhere') {
      return this.#elsewhere(() => {
        const isKnown = this.#client.orgno === SUPPLIER && externalRef === undefined;
        return isKnown && this.#state.outside.has(`system user ${customer}`) ? says(outsideSystemUser(customer)) : undefined;
      });
    }
    const { system, organizations, systemUsers } = this.#state;
    if (!system.get('active') || !system.get(this.#clientId) || this.#client.orgno !== SUPPLIER) return 'MP-303';
    const found = [...systemUsers].find(
      ([, user]) => user.state === 'ACTIVE' && user.customer === customer && user.reference === (externalRef ?? customer),
    );
    return found && organizations.get(customer) !== false ? says(found[0]) : 'MP-303';
  }

  #consent({ id, from }: Readonly<Record<string, unknown>>, now: number): Details | string {
    const to = this.#entitled();
    const says = (times: object): Details => ({
      says: { type: 'urn:altinn:consent', id, from, to: party(to), ...times, consentRights: CONSENT_RIGHTS },
    });
    if (this.#state.details === 'elsewhere') {
      return this.#elsewhere(() => {
        const known = this.#state.outsideConsents.get(String(id));
        return known?.from === from && known?.to === to ? says(OUTSIDE_CONSENT_TIMES) : undefined;
      });
    }
    const consent = this.#state.consents.get(String(id));
    if (!consent || consent.revoked || consent.to !== to || consent.from !== from || consent.until <= now) return 'MP-303';
    return says({ consented: moment(consent.given), validTo: moment(consent.until) });
  }

  /** Nothing is granted without an answer. `PV-SEC-072` */
  #elsewhere(found: () => Details | undefined): Details {
    const ask = (mood: SourceMood): Details | string => {
      if (mood === 'down' || mood === 'garbled' || !this.#state.sources.get(ELSEWHERE)) return 'PV-501';
      return (mood === 'well' ? found() : undefined) ?? 'MP-303';
    };
    return { ask };
  }

  /** No. 23, §2.3 to §2.6. */
  token(now: number, details: Details | undefined): { readonly claims: Readonly<Record<string, unknown>>; readonly alg: string } {
    const supplier = this.#supplier();
    const audience = this.#audience();
    const { consumer_org: consumer, pid } = this.#claims;
    const claims = {
      ...{ scope: this.#names.join(' '), iss: ISSUER, client_amr: this.#amr, token_type: 'Bearer', client_id: this.#clientId },
      ...{ iat: now, exp: now + this.#lifetime(), consumer: party(this.consumer()) },
      ...(audience.length > 0 && { aud: audience.length === 1 ? audience[0] : audience }),
      ...(pid !== undefined && { pid }),
      ...(consumer !== undefined && { delegation_source: this.#sources()[0] }),
      ...(supplier !== undefined && { supplier: party(supplier) }),
      ...(details?.says && { authorization_details: [details.says] }),
    };
    return { claims, alg: this.#algorithms()[0] ?? '' };
  }

  consumer(): string {
    return this.#customer() ?? this.#entitled();
  }

  #supplier(): string | undefined {
    const acts = this.#claims.consumer_org !== undefined || this.#claims.iss_onbehalfof !== undefined;
    return acts ? this.#client.orgno : this.#client.supplier;
  }

  #entitled(): string {
    return String(this.#claims.consumer_org ?? this.#client.orgno);
  }

  #customer(): string | undefined {
    const { iss_onbehalfof: id } = this.#claims;
    return id === undefined ? undefined : this.#state.customers.get(`${this.#clientId} ${id}`);
  }

  #sources(): readonly string[] {
    return [...new Set(this.#scopes.flatMap(({ source }) => source ?? []))];
  }

  #signs(): readonly string[] {
    return this.#state.settings.signingAlgorithms;
  }

  #algorithms(): readonly string[] {
    return [...new Set(this.#scopes.map(({ alg }) => alg ?? this.#signs()[0] ?? ''))];
  }

  /** §2.6: the scopes' own, or what was asked for. */
  #audience(): readonly string[] {
    const forced = [...new Set(this.#scopes.flatMap(({ audience }) => audience ?? []))];
    if (forced.length > 0) return forced;
    const asked = [this.#claims.resource ?? []].flat().map(String);
    return asked.length === 0 && this.#state.settings.unspecifiedAudience ? ['unspecified'] : asked;
  }

  /** §2.5: the lowest cap, unless the client wishes for less; two minutes where nobody says. */
  #lifetime(): number {
    const caps = this.#scopes.map(({ maxAge }) => maxAge).filter((age) => age > 0);
    const wish = this.#client.lifetime;
    const base = caps.length > 0 && wish === 0 ? Math.min(...caps) : Math.min(wish || 120, ...caps);
    return Math.min(base, this.#state.settings.maxTokenLifetime);
  }
}

/** §8.1 */
function party(orgno: string): object {
  return { authority: 'iso6523-actorid-upis', ID: `0192:${orgno}` };
}

function moment(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace('.000Z', '+00:00');
}

/** The id that the source elsewhere knows a customer's system user by. */
function outsideSystemUser(customer: string): string {
  return `00000000-0000-4000-9000-000${customer}`;
}

/** What every consent of the schedules is for, and when those elsewhere were given. */
export const CONSENT_RIGHTS = [{ action: ['read'], resource: [{ type: 'urn:altinn:resource', value: 'income' }] }];
const OUTSIDE_CONSENT_TIMES = { consented: '2027-01-01T00:00:00+00:00', validTo: '2037-01-01T00:00:00+00:00' };
