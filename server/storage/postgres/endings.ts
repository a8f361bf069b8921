import type { EndingKey, SeenCertificate, Span } from '../../core/endings.ts';
import type { OrganizationNumber } from '../../core/organization.ts';
import type { Endings } from '../../core/ports.ts';
import type { Connection } from './database.ts';
import { delegationsWhere } from './delegations.ts';

/** What ends in a span of time, found by its end; clients that may not act, and what is revoked, are passed over. */
export function endings(connection: Connection): Endings {
  const keys = connection.statement<[Asked], KeyRow>(`
    SELECT client_id AS "clientId", clients.name AS "clientName", clients.orgno AS orgno,
      clients.supplier_orgno AS "supplierOrgno", kid, expires AS ends
    FROM client_keys JOIN clients USING (client_id)
    WHERE expires > @from AND expires <= @until AND ${ACTING} AND ${ofParty('clients.orgno', 'clients.supplier_orgno')}
    ORDER BY expires, client_id, kid`);
  const certificates = connection.statement<[Asked], SeenCertificate>(`
    SELECT client_id AS "clientId", fingerprint, subject, serial, seen_certificates.orgno AS orgno, not_after AS "notAfter",
      last_seen AS "lastSeen"
    FROM seen_certificates JOIN clients USING (client_id)
    WHERE not_after > @from AND not_after <= @until AND ${ACTING} AND ${ofParty('clients.orgno', 'clients.supplier_orgno')}
    ORDER BY not_after, client_id, fingerprint`);
  const delegations = delegationsWhere<Asked>(
    connection,
    `NOT revoked AND valid_to > @from AND valid_to <= @until AND ${ofParty('consumer_orgno', 'supplier_orgno')} ORDER BY valid_to, id`,
  );
  return {
    keys: async (span, organization) => (await keys.all(asked(span, organization))).map(toKey),
    certificates: (span, organization) => certificates.all(asked(span, organization)),
    delegations: (span, organization) => delegations(asked(span, organization)),
  };
}

type Asked = Span & { readonly organization: OrganizationNumber | null };

/** Ends are whole seconds, so that of a moment its second is enough. */
function asked({ from, until }: Span, organization: OrganizationNumber | undefined): Asked {
  return { from: Math.floor(from), until: Math.floor(until), organization: organization ?? null };
}

const ACTING = 'clients.active AND clients.blocked IS NULL';

function ofParty(one: string, other: string): string {
  return `(@organization::text IS NULL OR ${one} = @organization OR ${other} = @organization)`;
}

type KeyRow = Omit<EndingKey, 'supplierOrgno'> & { readonly supplierOrgno: OrganizationNumber | null };

function toKey({ supplierOrgno, ...key }: KeyRow): EndingKey {
  return { ...key, ...(supplierOrgno !== null && { supplierOrgno }) };
}
