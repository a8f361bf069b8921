import { asking } from './authorities.ts';
import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';

// One organisation acts for another: the rules of consumer_org and iss_onbehalfof. Contract §5.4, §6.2

/** Nine digits without the register's code, and not the client's own organisation. */
export async function consumerIsWellNamed(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  const consumer = await grant.entitled();
  if (consumer === (await grant.client()).orgno)
    throw new Fault('PV-252', { expected: "another organisation than the client's", got: consumer });
}

/** A chain of organisations is never possible. */
export async function supplierIsNotChained(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  if ((await grant.client()).supplierOrgno !== undefined) throw new Fault('PV-253');
}

/**
 * What `iss_onbehalfof` names is registered on the client, by an organisation that acts for itself; its customer has not been
 * switched off, and no scope is one that a customer must delegate. Contract §5.4
 */
export async function customerIsRegistered(grant: Grant): Promise<void> {
  const registration = await grant.onBehalfOf();
  if (!registration) return;
  const { supplierOrgno } = await grant.client();
  if (supplierOrgno !== undefined) throw unusable("a client of the organisation's own");
  const customer = await grant.organization(registration.orgno);
  if (customer?.active === false) throw unusable('an active organisation');
  if ((await grant.scopes()).some(({ delegationSource }) => delegationSource !== undefined))
    throw unusable('scopes without delegation source');
}

function unusable(expected: string): Fault {
  return new Fault('PV-255', { expected });
}

/** A token names one source. */
export async function scopesHaveOneSource(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg !== undefined) await grant.delegationSource();
}

/**
 * Every scope can be delegated, through a source that is in use, by a consumer that is active; and where the source is this server,
 * the consumer has done so. Who else has to be asked is asked later: {@link sourceConfirmsDelegation}.
 */
export async function supplierIsDelegated(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined) return;
  const consumer = await grant.organization(await grant.entitled());
  const source = await grant.delegations();
  for (const { name, delegationSource } of await grant.scopes()) {
    if (delegationSource === undefined) throw await undelegated(grant, name, 'a scope that can be delegated');
    if (!source) throw await undelegated(grant, name, 'a delegation source that is in use here');
    if (!consumer?.active) throw await undelegated(grant, name, 'an active consumer');
    if (!source.remote && !(await isDelegated(grant, name))) throw await undelegated(grant, name, 'a delegation in force');
  }
}

/** Where the source is elsewhere: it says so of every scope, now. Contract §6.1 no. 7, `PV-SEC-072` */
export async function sourceConfirmsDelegation(grant: Grant): Promise<void> {
  if (grant.claims().consumerOrg === undefined || !(await grant.delegations())?.remote) return;
  const names = grant.scopeNames();
  const answers = await Promise.all(names.map((name) => isDelegated(grant, name)));
  const missing = names.find((_, place) => !answers[place]);
  if (missing !== undefined) throw await undelegated(grant, missing, 'a delegation in force');
}

async function isDelegated(grant: Grant, scope: string): Promise<boolean> {
  const source = await grant.delegations();
  if (!source) return false;
  const [consumerOrgno, { orgno: supplierOrgno }] = await Promise.all([grant.entitled(), grant.client()]);
  return asking(source, source.isDelegated({ scope, consumerOrgno, supplierOrgno }, grant));
}

async function undelegated(grant: Grant, scope: string, expected: string): Promise<Fault> {
  const [consumer, { orgno: supplier }] = await Promise.all([grant.entitled(), grant.client()]);
  return new Fault('MP-251', { say: { consumer, scope, supplier }, expected, got: 'none' });
}
