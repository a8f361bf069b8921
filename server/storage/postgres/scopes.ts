import type { Changes } from '../../core/ports.ts';
import { fromRow, type ScopeRow, toRow } from '../rows/scope.ts';
import type { Connection } from './database.ts';

/** The register of scopes. */
export function scopes(connection: Connection): Changes['scopes'] {
  const find = connection.statement<[name: string], ScopeRow>(`${SELECT} WHERE name = $1`);
  const list = connection.statement<[], ScopeRow>(`${SELECT} ORDER BY name`);
  const listOf = connection.statement<[owner: string], ScopeRow>(`${SELECT} WHERE owner_orgno = $1 ORDER BY name`);
  const put = connection.statement<[ScopeRow]>(`
    INSERT INTO scopes (name, prefix, subscope, owner_orgno, active, accessible_for_all, allowed_integration_types,
      at_max_age, delegation_source, enforced_audience, requires_qualified_seal, signing_algorithm,
      details, created, last_updated)
    VALUES (@name, @prefix, @subscope, @ownerOrgno, @active, @accessibleForAll, @allowedIntegrationTypes,
      @atMaxAge, @delegationSource, @enforcedAudience, @requiresQualifiedSeal, @signingAlgorithm,
      @details, @created, @lastUpdated)
    ON CONFLICT (name) DO UPDATE SET
      owner_orgno = excluded.owner_orgno, active = excluded.active, accessible_for_all = excluded.accessible_for_all,
      allowed_integration_types = excluded.allowed_integration_types, at_max_age = excluded.at_max_age,
      delegation_source = excluded.delegation_source, enforced_audience = excluded.enforced_audience,
      requires_qualified_seal = excluded.requires_qualified_seal, signing_algorithm = excluded.signing_algorithm,
      details = excluded.details, created = excluded.created, last_updated = excluded.last_updated`);
  return {
    find: async (name) => {
      const row = await find.get(name);
      return row && fromRow(row);
    },
    list: async () => (await list.all()).map(fromRow),
    listOf: async (owner) => (await listOf.all(owner)).map(fromRow),
    put: async (scope) => void (await put.run(toRow(scope))),
  };
}

const SELECT = `
  SELECT name, prefix, subscope, owner_orgno AS "ownerOrgno", active, accessible_for_all AS "accessibleForAll",
    allowed_integration_types AS "allowedIntegrationTypes", at_max_age AS "atMaxAge", delegation_source AS "delegationSource",
    enforced_audience AS "enforcedAudience", requires_qualified_seal AS "requiresQualifiedSeal",
    signing_algorithm AS "signingAlgorithm", details, created, last_updated AS "lastUpdated"
  FROM scopes`;
