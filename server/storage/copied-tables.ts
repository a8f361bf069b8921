/** The tables that a copy takes along, each after those it refers to, with the columns that its rows are known by. */
export const COPIED_TABLES: Readonly<Record<string, readonly string[]>> = {
  organizations: ['orgno'],
  prefixes: ['prefix'],
  scopes: ['name'],
  clients: ['client_id'],
  client_scopes: ['client_id', 'position'],
  client_keys: ['client_id', 'position'],
  accesses: ['scope', 'consumer_orgno'],
  on_behalf_of: ['client_id', 'id'],
  trust_entries: ['id'],
  signing_keys: ['kid'],
  delegations: ['id'],
  delegation_scopes: ['scope', 'consumer_orgno', 'supplier_orgno', 'revoked', 'delegation_id'],
  systems: ['system_id'],
  system_users: ['id'],
  consents: ['id'],
  sources: ['name'],
  spent_assertions: ['digest'],
  first_results: ['client_id', 'key'],
  secrets: ['name'],
  token_counts: ['client_id', 'scope', 'consumer_orgno'],
  missed_delegations: ['supplier_orgno', 'consumer_orgno', 'scope'],
  seen_certificates: ['client_id', 'fingerprint'],
  statistics: ['hour', 'scope', 'consumer_orgno', 'supplier_orgno', 'client_id', 'code'],
  statistics_gaps: ['first'],
  explanations: ['id', 'at', 'code', 'client_id', 'proven'],
  statistics_months: ['first'],
  readiness: ['hour'],
  audit_chains: ['chain'],
  audit: ['sequence'],
  audit_checkpoints: ['number'],
  audit_keys: ['kid'],
};

/** Tables of one row, or of the store's own, which a copy brings to where they have to be, or which the store fills by itself. */
export const OWN_TABLES: readonly string[] = [
  ...[
    'migrations',
    'probe',
    'register_version',
    'trust_version',
    'audit_pruned',
    'audit_end',
    'audit_unchained',
    'replay_floor',
    'last_backup',
    'statistics_position',
    'statistics_by_month',
    'key_holders',
  ],
];

/** A value as both stores can have it: truth is 0 or 1, bytes are in hex behind `\x`. */
export type PlainValue = string | number | null;
export type PlainRow = Readonly<Record<string, PlainValue>>;

/** A table that was read: what has to be the same on both sides. */
export type TableDigest = {
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over the rows in their order, each as canonical JSON and a line feed; hex. */
  readonly digest: string;
};
