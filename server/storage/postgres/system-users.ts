import type { Changes } from '../../core/ports.ts';
import { externalRefOf, type SystemUser } from '../../core/system-user.ts';
import type { Connection } from './database.ts';

/** The register of customers' system users. */
export function systemUsers(connection: Connection): Changes['systemUsers'] {
  const find = connection.statement<[id: string], SystemUser>(`${SELECT} WHERE id = $1`);
  const findFor = connection.statement<[Asked], SystemUser>(`
    ${SELECT}
    WHERE customer_orgno = @customerOrgno AND external_ref = @externalRef AND state = 'ACTIVE' AND state <> 'REVOKED' -- names the index
      AND system_id IN (
        SELECT system_id FROM systems, json_array_elements_text(client_ids::json) AS of_system
        WHERE systems.system_id = system_users.system_id AND active AND vendor_orgno = @vendorOrgno AND of_system = @clientId)
      AND EXISTS (SELECT 1 FROM organizations WHERE orgno = @vendorOrgno AND active)
      AND NOT EXISTS (SELECT 1 FROM organizations WHERE orgno = @customerOrgno AND NOT active)
    ORDER BY system_id LIMIT 1`);
  const listOfVendor = connection.statement<[vendor: string], SystemUser>(
    `${SELECT} WHERE system_id IN (SELECT system_id FROM systems WHERE vendor_orgno = $1) ORDER BY id`,
  );
  const listOfCustomer = connection.statement<[customer: string], SystemUser>(`${SELECT} WHERE customer_orgno = $1 ORDER BY id`);
  const put = connection.statement<[SystemUser]>(`
    INSERT INTO system_users (id, system_id, customer_orgno, external_ref, state, created, last_updated)
    VALUES (@id, @systemId, @customerOrgno, @externalRef, @state, @created, @lastUpdated)
    ON CONFLICT (id) DO UPDATE SET
      system_id = excluded.system_id, customer_orgno = excluded.customer_orgno, external_ref = excluded.external_ref,
      state = excluded.state, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: (id) => find.get(id),
    findFor: (asked) => findFor.get({ ...asked, externalRef: externalRefOf(asked) }),
    list: (party) => ('vendorOrgno' in party ? listOfVendor.all(party.vendorOrgno) : listOfCustomer.all(party.customerOrgno)),
    put: async (systemUser) => void (await put.run(systemUser)),
  };
}

type Asked = {
  readonly clientId: string;
  readonly vendorOrgno: string;
  readonly customerOrgno: string;
  readonly externalRef: string;
};

const SELECT = `
  SELECT id, system_id AS "systemId", customer_orgno AS "customerOrgno", external_ref AS "externalRef", state, created,
    last_updated AS "lastUpdated"
  FROM system_users`;
