import { CONSENTS, EXTERNAL_REF, GIVER } from '../../fixtures/made-up-acting.ts';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';

const { consumer, customer, owner } = ORGANIZATIONS;

/** A command for each way to act for another in the made-up world, allowed or refused on purpose; to be run as they stand. */
export function actingCommands(): readonly string[] {
  const delegated = (orgno: string, scope: string) => `token get --client demo-supplier --scope ${scope} --for ${orgno}`;
  const detailed = (client: string, details: object) =>
    `token get --client ${client} --scope prove:kart.read --authorization-details '${JSON.stringify([details])}'`;
  const systemUser = (orgno: string, more: object = {}) =>
    detailed('demo-supplier', {
      type: 'urn:altinn:systemuser',
      systemuser_org: { authority: 'iso6523-actorid-upis', ID: `0192:${orgno}` },
      ...more,
    });
  const consent = (id: string) => detailed('demo-consumer', { type: 'urn:altinn:consent', id, from: GIVER });
  return [
    `${delegated(consumer.orgno, 'prove:bygg.read')}   # delegated`,
    `${delegated(consumer.orgno, 'prove:kart.read')}   # MP-251, the delegation has expired`,
    `${delegated(customer.orgno, 'prove:kart.read')}   # MP-251, it is revoked`,
    `${delegated(customer.orgno, 'prove:bygg.read')}   # MP-251, there is none`,
    `${systemUser(consumer.orgno)}   # a system user`,
    `${systemUser(customer.orgno)}   # a system user of another customer`,
    `${systemUser(customer.orgno, { externalRef: EXTERNAL_REF })}   # that customer's other one`,
    `${systemUser(owner.orgno)}   # MP-303, there is none`,
    `${consent(CONSENTS.valid)}   # a consent`,
    `${consent(CONSENTS.expired)}   # MP-303, expired`,
    `${consent(CONSENTS.withdrawn)}   # MP-303, withdrawn`,
    `${consent(CONSENTS.forSomeoneElse)}   # MP-303, given to someone else`,
  ];
}
