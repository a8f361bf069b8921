import { Fault, invalidField } from '../core/fault.ts';
import type { Changes } from '../core/ports.ts';
import { isSourceName, type Source } from '../core/source.ts';
import { type Act, changeRecord } from './act.ts';

type WithoutTimes<S> = S extends Source ? Omit<S, 'created' | 'lastUpdated'> : never;

/** What the operator says of a source. */
export type SourceWish = WithoutTimes<Source>;

/** An act, and the issuer of the server on which it happens. */
export type SourceAct = Act & { readonly issuer: string };

/**
 * Registers who answers for an issuer. Own API, operator
 * @throws {Fault} PV-609 for a name or issuer that is taken, PV-601 for a name that cannot be
 */
export async function addSource(changes: Changes, wish: SourceWish, act: SourceAct): Promise<Source> {
  if (!isSourceName(wish.name))
    throw invalidField('source', 'name', 'must be small letters, digits and hyphens, at most 64, and neither local nor off');
  if (await changes.sources.find(wish.name)) throw conflict('name', 'is registered already');
  await assertIssuerIsFree(changes, wish, act);
  const source = { ...wish, created: act.now, lastUpdated: act.now };
  await changes.sources.put(source);
  await changes.audit.append(changeRecord('source.added', { subject: subject(source), after: sourceMembers(source) }, act));
  return source;
}

/**
 * Replaces what is said of a source; in force at the next question. Its name stays.
 * @throws {Fault} PV-609 for an issuer that is taken, or that active scopes name; PV-601
 */
export async function changeSource(
  changes: Changes,
  { before, wish }: { readonly before: Source; readonly wish: SourceWish },
  act: SourceAct,
): Promise<Source> {
  if (wish.name !== before.name) throw invalidField('source', 'name', 'cannot be changed');
  if (wish.issuer !== before.issuer) {
    await assertIssuerIsFree(changes, wish, act);
    await assertUnused(changes, before);
  }
  const after = { ...wish, created: before.created, lastUpdated: act.now };
  await changes.sources.put(after);
  const states = { before: sourceMembers(before), after: sourceMembers(after) };
  await changes.audit.append(changeRecord('source.changed', { subject: subject(before), ...states }, act));
  return after;
}

/** Removes a source. @throws {Fault} PV-609 while active scopes name it */
export async function removeSource(changes: Changes, before: Source, act: Act): Promise<void> {
  await assertUnused(changes, before);
  await changes.sources.remove(before.name);
  await changes.audit.append(changeRecord('source.removed', { subject: subject(before), before: sourceMembers(before) }, act));
}

/** A source's members on the wire, besides its times. */
export function sourceMembers(source: SourceWish) {
  const { name, issuer, kind, active } = source;
  if (source.kind === 'local') return { name, issuer, kind, active };
  const { baseUrl, tokenIssuer, clientId, keyName, cacheSeconds, timeoutMs } = source;
  return {
    ...{ name, issuer, kind, base_url: baseUrl },
    ...(tokenIssuer !== undefined && { token_issuer: tokenIssuer }),
    ...{ client_id: clientId, key_name: keyName, cache_seconds: cacheSeconds, timeout_ms: timeoutMs, active },
  };
}

async function assertIssuerIsFree(changes: Changes, { issuer }: SourceWish, act: SourceAct): Promise<void> {
  if (issuer === act.issuer) throw conflict('issuer', "is this server's own, for which it answers itself");
  const other = await changes.sources.findByIssuer(issuer);
  if (other) throw conflict('issuer', `belongs to the source ${other.name}`);
}

async function assertUnused({ scopes }: Changes, { issuer }: Source): Promise<void> {
  const using = (await scopes.list()).filter(({ active, delegationSource }) => active && delegationSource === issuer);
  const [first] = using;
  if (first) throw conflict('issuer', `is the delegation source of ${using.length} active scopes, ${first.name} among them`);
}

function subject({ name }: Pick<Source, 'name'>): string {
  return `source/${name}`;
}

function conflict(field: string, message: string): Fault {
  return new Fault('PV-609', { fields: [{ object: 'source', field, message }] });
}
