import type { RevocationPolicy, TrustEntry } from '../../core/ports.ts';

/** A CA certificate as the table holds it. */
export type TrustRow = Omit<TrustEntry, 'organizationNamespaces' | 'crlUrls' | 'ocspUrl' | 'revocation'> & {
  readonly organizationNamespaces: string | null;
  readonly crlUrls: string | null;
  readonly ocspUrl: string | null;
  readonly revocation: RevocationPolicy | null;
};

/** As the table holds it. */
export function toRow({ organizationNamespaces, crlUrls, ocspUrl, revocation, ...entry }: TrustEntry): TrustRow {
  return {
    ...entry,
    organizationNamespaces: toJson(organizationNamespaces),
    crlUrls: toJson(crlUrls),
    ocspUrl: ocspUrl ?? null,
    revocation: revocation ?? null,
  };
}

/** As {@link toRow} wrote it. */
export function fromRow({ organizationNamespaces, crlUrls, ocspUrl, revocation, ...entry }: TrustRow): TrustEntry {
  return {
    ...entry,
    ...(organizationNamespaces !== null && { organizationNamespaces: JSON.parse(organizationNamespaces) }),
    ...(crlUrls !== null && { crlUrls: JSON.parse(crlUrls) }),
    ...(ocspUrl !== null && { ocspUrl }),
    ...(revocation !== null && { revocation }),
  };
}

function toJson(list: readonly string[] | undefined): string | null {
  return list === undefined ? null : JSON.stringify(list);
}
