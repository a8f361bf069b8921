import { type Authority, asking } from './authorities.ts';
import { consentDetails, type GrantedDetails, systemUserDetails } from './authorization-details.ts';
import { Fault } from './fault.ts';
import type { Grant } from './grant.ts';

/**
 * Asks who answers for the authorization details of a grant. Contract §7.1, §7.2
 * @throws {Fault} MP-303 when nothing usable answers to them, PV-501 when nobody could be asked
 */
export async function findDetails(grant: Grant): Promise<GrantedDetails | undefined> {
  const requested = grant.details();
  const authority = await grant.detailsAuthority();
  if (!requested || !authority) return undefined;
  return requested.type === 'urn:altinn:systemuser'
    ? findSystemUser(grant, authority, requested)
    : findConsent(grant, authority, requested);
}

type Requested<Type> = NonNullable<ReturnType<Grant['details']>> & { readonly type: Type };

/** The vendor is the client's organisation, also when it asks for a token in a consumer's name. Contract §7.1 */
async function findSystemUser(
  grant: Grant,
  authority: Authority,
  { customerOrgno, externalRef }: Requested<'urn:altinn:systemuser'>,
): Promise<GrantedDetails> {
  const { clientId, orgno: vendorOrgno } = await grant.client();
  const asked = { clientId, vendorOrgno, customerOrgno, ...(externalRef !== undefined && { externalRef }) };
  const found = await asking(authority, authority.findSystemUser(asked, grant));
  if (found) return systemUserDetails(found, customerOrgno);
  throw new Fault('MP-303', {
    error: 'invalid_altinn_customer_configuration',
    say: { reason: ': no system user found' },
    expected: `a system user of ${customerOrgno} in a system of ${vendorOrgno} that has the client`,
    got: 'none',
  });
}

/** The recipient is the organisation whose rights count: the client's own or the delegating consumer. Contract §7.2 */
async function findConsent(
  grant: Grant,
  authority: Authority,
  { id, from }: Requested<'urn:altinn:consent'>,
): Promise<GrantedDetails> {
  const toOrgno = await grant.entitled();
  const found = await asking(authority, authority.findConsent({ id, from, toOrgno }, grant));
  if (found) return consentDetails(found);
  throw new Fault('MP-303', {
    say: { reason: ': no consent that can be used' },
    expected: `a consent in force, from the giver named to ${toOrgno}`,
    got: 'none',
  });
}
