import { z } from 'zod';
import type { OnBehalfOf, Registers } from '../core/ports.ts';
import type { OnBehalfOfWish } from '../registry/on-behalf-of.ts';
import { identifierShape, instant, instantShape, nameShape, orgnoShape, textShape } from './wire.ts';

/** A customer to be registered; `display_name` and `url` are older names of `name` and `uri`. Contract §5.4 */
export const onBehalfOfRequestShape = z
  .object({
    onbehalfof: identifierShape.exactOptional(),
    name: nameShape.exactOptional(),
    display_name: nameShape.exactOptional(),
    orgno: orgnoShape,
    description: textShape.exactOptional(),
    uri: textShape.exactOptional(),
    url: textShape.exactOptional(),
    logo_uri: textShape.exactOptional(),
  })
  .refine(({ name, display_name }) => name !== undefined || display_name !== undefined, { path: ['name'], error: 'is missing' })
  .meta({ id: 'ClientOnBehalfOfRequest' });

/** ClientOnBehalfOf. Contract §5.4 */
export const onBehalfOfShape = z
  .object({
    onbehalfof: z.string(),
    name: z.string(),
    orgno: orgnoShape,
    organization_name: z.string().exactOptional(),
    description: z.string().exactOptional(),
    uri: z.string().exactOptional(),
    logo_uri: z.string().exactOptional(),
    created: instantShape,
    last_updated: instantShape,
  })
  .meta({ id: 'ClientOnBehalfOf' });

/** What the rules are told of a request. */
export function toOnBehalfOfWish(body: z.infer<typeof onBehalfOfRequestShape>): OnBehalfOfWish {
  const { onbehalfof: id, name, display_name, orgno, url, uri = url, ...texts } = body;
  const details = { ...texts, ...(uri !== undefined && { uri }) };
  return { ...(id !== undefined && { id }), name: name ?? display_name ?? '', orgno, details };
}

/** The customer as the API shows it; only one that is registered here has an organisation's name. */
export async function onBehalfOfToWire(customer: OnBehalfOf, registers: Registers): Promise<object> {
  const organization = await registers.organizations.find(customer.orgno);
  return {
    onbehalfof: customer.id,
    name: customer.name,
    orgno: customer.orgno,
    ...(organization && { organization_name: organization.name }),
    ...customer.details,
    created: instant(customer.created),
    last_updated: instant(customer.lastUpdated),
  };
}
