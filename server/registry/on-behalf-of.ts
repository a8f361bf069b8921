import type { Client } from '../core/client.ts';
import { Fault, invalidField } from '../core/fault.ts';
import type { Changes, OnBehalfOf, Registers } from '../core/ports.ts';
import { type Act, changeRecord } from './act.ts';

/** What a caller says of a customer beneath a client. */
export type OnBehalfOfWish = Pick<OnBehalfOf, 'orgno' | 'name' | 'details'> & { readonly id?: string };

/** The registration. @throws {Fault} PV-604 */
export async function findOnBehalfOf(registers: Registers, { clientId }: Client, id: string): Promise<OnBehalfOf> {
  const registration = await registers.onBehalfOf.find(clientId, id);
  if (!registration) throw new Fault('PV-604');
  return registration;
}

/** Registers a customer beneath a client. Contract §5.4 @throws {Fault} PV-609 when its id is taken, PV-601 without one */
export async function createOnBehalfOf(
  changes: Changes,
  { client, wish }: { readonly client: Client; readonly wish: OnBehalfOfWish },
  act: Act,
): Promise<OnBehalfOf> {
  const { clientId } = client;
  const { id } = wish;
  if (id === undefined) throw invalidField('onbehalfof', 'onbehalfof', 'is missing');
  if (await changes.onBehalfOf.find(clientId, id))
    throw new Fault('PV-609', { fields: [{ object: 'onbehalfof', field: 'onbehalfof', message: 'is taken' }] });
  return store(changes, { after: { ...wish, id, clientId, created: act.now, lastUpdated: act.now } }, act);
}

/** Puts the wish in the place of the registration. @throws {Fault} PV-601 for another id */
export async function replaceOnBehalfOf(
  changes: Changes,
  { before, wish }: { readonly before: OnBehalfOf; readonly wish: OnBehalfOfWish },
  act: Act,
): Promise<OnBehalfOf> {
  const { id, orgno, name, details } = { ...wish, id: wish.id ?? before.id };
  if (id !== before.id) throw invalidField('onbehalfof', 'onbehalfof', 'cannot be changed');
  return store(changes, { before, after: { ...before, orgno, name, details, lastUpdated: act.now } }, act);
}

/** Removes the registration. */
export async function removeOnBehalfOf(changes: Changes, before: OnBehalfOf, act: Act): Promise<void> {
  await changes.onBehalfOf.remove(before.clientId, before.id);
  const states = { subject: subject(before), before: state(before) };
  await changes.audit.append(changeRecord('onbehalfof.removed', states, act));
}

async function store(
  changes: Changes,
  { before, after }: { readonly before?: OnBehalfOf; readonly after: OnBehalfOf },
  act: Act,
): Promise<OnBehalfOf> {
  await changes.onBehalfOf.put(after);
  const states = { subject: subject(after), ...(before && { before: state(before) }), after: state(after) };
  await changes.audit.append(changeRecord(before ? 'onbehalfof.changed' : 'onbehalfof.created', states, act));
  return after;
}

/** Contract §5.4 */
function subject({ clientId, id }: OnBehalfOf): string {
  return `client/${clientId}::${id}`;
}

function state({ id, orgno, name, details }: OnBehalfOf): object {
  return { onbehalfof: id, name, orgno, ...details };
}
