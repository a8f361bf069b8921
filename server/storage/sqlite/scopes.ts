import type { Changes } from '../../core/ports.ts';
import type { Scope } from '../../core/scope.ts';
import { fromRow, type ScopeRow, toRow } from '../rows/scope.ts';
import type { Connection } from './database.ts';
import type { Numbered } from './truth.ts';

/** The register of scopes. */
export function scopes(connection: Connection): Changes['scopes'] {
  const find = connection.statement<[name: string], Row>(`${SELECT} WHERE name = ?`);
  const list = connection.statement<[], Row>(`${SELECT} ORDER BY name`);
  const listOf = connection.statement<[owner: string], Row>(`${SELECT} WHERE owner_orgno = ? ORDER BY name`);
  const put = connection.statement<[Row]>(`
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
      const row = find.get(name);
      return row && toScope(row);
    },
    list: async () => list.all().map(toScope),
    listOf: async (owner) => listOf.all(owner).map(toScope),
    put: async (scope) => void put.run(written(scope)),
  };
}

const SELECT = `
  SELECT name, prefix, subscope, owner_orgno AS ownerOrgno, active, accessible_for_all AS accessibleForAll,
    allowed_integration_types AS allowedIntegrationTypes, at_max_age AS atMaxAge, delegation_source AS delegationSource,
    enforced_audience AS enforcedAudience, requires_qualified_seal AS requiresQualifiedSeal,
    signing_algorithm AS signingAlgorithm, details, created, last_updated AS lastUpdated
  FROM scopes`;

type Row = Numbered<ScopeRow, 'active' | 'accessibleForAll' | 'requiresQualifiedSeal'>;

function written(scope: Scope): Row {
  const row = toRow(scope);
  return {
    ...row,
    active: Number(row.active),
    accessibleForAll: Number(row.accessibleForAll),
    requiresQualifiedSeal: Number(row.requiresQualifiedSeal),
  };
}

function toScope(row: Row): Scope {
  return fromRow({
    ...row,
    active: row.active === 1,
    accessibleForAll: row.accessibleForAll === 1,
    requiresQualifiedSeal: row.requiresQualifiedSeal === 1,
  });
}
