import type { Changes } from '../../core/ports.ts';
import { fromRow, type TrustRow, toRow } from '../rows/trust.ts';
import type { Connection } from './database.ts';

/** The register of CA certificates that enterprise certificates are judged by. */
export function trust(connection: Connection): Changes['trust'] {
  const find = connection.statement<[id: string], TrustRow>(`${SELECT} WHERE id = $1`);
  const list = connection.statement<[], TrustRow>(`${SELECT} ORDER BY id`);
  const put = connection.statement<[TrustRow]>(`
    INSERT INTO trust_entries (id, certificate, role, environment, profile, organization_namespaces, crl_urls, ocsp_url,
      revocation, created)
    VALUES (@id, @certificate, @role, @environment, @profile, @organizationNamespaces, @crlUrls, @ocspUrl,
      @revocation, @created)
    ON CONFLICT (id) DO UPDATE SET
      certificate = excluded.certificate, role = excluded.role, environment = excluded.environment,
      profile = excluded.profile, organization_namespaces = excluded.organization_namespaces, crl_urls = excluded.crl_urls,
      ocsp_url = excluded.ocsp_url, revocation = excluded.revocation, created = excluded.created`);
  const version = connection.statement<[], { version: number }>('SELECT version FROM trust_version');
  const remove = connection.statement<[id: string]>('DELETE FROM trust_entries WHERE id = $1');
  return {
    find: async (id) => {
      const row = await find.get(id);
      return row && fromRow(row);
    },
    list: async () => (await list.all()).map(fromRow),
    version: async () => (await version.get())?.version ?? 0,
    put: async (entry) => void (await put.run(toRow(entry))),
    remove: async (id) => void (await remove.run(id)),
  };
}

const SELECT = `
  SELECT id, certificate, role, environment, profile, organization_namespaces AS "organizationNamespaces", crl_urls AS "crlUrls",
    ocsp_url AS "ocspUrl", revocation, created
  FROM trust_entries`;
