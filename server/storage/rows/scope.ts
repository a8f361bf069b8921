import type { IntegrationType, Scope } from '../../core/scope.ts';
import type { SigningAlgorithm } from '../../core/signing-algorithm.ts';

/** A scope as the table holds it. */
export type ScopeRow = Pick<
  Scope,
  'name' | 'prefix' | 'subscope' | 'ownerOrgno' | 'active' | 'accessibleForAll' | 'atMaxAge' | 'created' | 'lastUpdated'
> & {
  readonly allowedIntegrationTypes: string;
  readonly delegationSource: string | null;
  readonly enforcedAudience: string | null;
  readonly requiresQualifiedSeal: boolean;
  readonly signingAlgorithm: SigningAlgorithm | null;
  readonly details: string;
};

/** As the table holds it. */
export function toRow(scope: Scope): ScopeRow {
  return {
    ...scope,
    allowedIntegrationTypes: JSON.stringify(scope.allowedIntegrationTypes),
    delegationSource: scope.delegationSource ?? null,
    enforcedAudience: scope.enforcedAudience ?? null,
    requiresQualifiedSeal: scope.requiresQualifiedSeal ?? false,
    signingAlgorithm: scope.signingAlgorithm ?? null,
    details: JSON.stringify(scope.details),
  };
}

/** As {@link toRow} wrote it. */
export function fromRow({
  delegationSource,
  enforcedAudience,
  requiresQualifiedSeal,
  signingAlgorithm,
  ...row
}: ScopeRow): Scope {
  return {
    ...row,
    allowedIntegrationTypes: JSON.parse(row.allowedIntegrationTypes) as IntegrationType[],
    ...(delegationSource !== null && { delegationSource }),
    ...(enforcedAudience !== null && { enforcedAudience }),
    ...(requiresQualifiedSeal && { requiresQualifiedSeal: true as const }),
    ...(signingAlgorithm !== null && { signingAlgorithm }),
    details: JSON.parse(row.details) as Scope['details'],
  };
}
