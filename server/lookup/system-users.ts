import { momentText } from '../authorities/local.ts';
import type { Lookup } from './lookup.ts';
import { EmptyRefusal } from './problem.ts';

/** The system user through which a client acts for a customer. Contract §7.1 */
export const systemUserLookup: Lookup = {
  method: 'GET',
  path: '/authentication/api/v1/systemuser/byExternalId',
  scopes: ['altinn:maskinporten/systemuser.read'],
  answer: async ({ query, registers }) => {
    const [clientId, vendorOrgno, customerOrgno] = ['clientid', 'systemproviderorgno', 'systemuserownerorgno'].map((name) =>
      query.get(name),
    );
    if (!clientId || !vendorOrgno || !customerOrgno) throw new EmptyRefusal(400);
    const externalRef = query.get('externalref');
    const asked = { clientId, vendorOrgno, customerOrgno, ...(externalRef && { externalRef }) };
    const user = await registers.systemUsers.findFor(asked);
    const system = user && (await registers.systems.find(user.systemId));
    if (!user || !system) throw new EmptyRefusal(404);
    const vendor = await registers.organizations.find(vendorOrgno);
    return {
      id: user.id,
      integrationTitle: system.name,
      systemId: system.systemId,
      productName: system.systemId,
      reporteeOrgNo: customerOrgno,
      created: momentText(user.created),
      isDeleted: false,
      supplierName: vendor?.name ?? '',
      supplierOrgno: vendorOrgno,
      externalRef: user.externalRef,
      userType: 'standard',
    };
  },
};
