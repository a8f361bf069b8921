import { SCHEMA } from './location.ts';

/** What the server reads and changes: registers, whose rows may be replaced and removed. */
const REGISTERS = [
  ...['organizations', 'prefixes', 'scopes', 'accesses', 'clients', 'client_scopes', 'client_keys', 'on_behalf_of'],
  ...['delegations', 'delegation_scopes', 'systems', 'system_users', 'consents', 'sources', 'trust_entries', 'signing_keys'],
  ...['first_results', 'seen_certificates', 'token_counts', 'missed_delegations'],
];

/**
 * What the role that the server runs as may do with each table: enough for its work, and nothing more. It makes, changes and drops no
 * table; it never changes a record of the audit, and takes out only what the triggers let go. `PV-SEC-106`, `PV-SEC-119`
 */
const PRIVILEGES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(REGISTERS.map((table) => [table, 'SELECT, INSERT, UPDATE, DELETE'])),
  migrations: 'SELECT',
  spent_assertions: 'SELECT, INSERT, DELETE',
  replay_floor: 'SELECT, UPDATE',
  last_backup: 'SELECT, INSERT, UPDATE',
  statistics: 'SELECT, INSERT, UPDATE',
  statistics_position: 'SELECT, UPDATE',
  statistics_gaps: 'SELECT, INSERT, UPDATE',
  // What is locked to be removed takes the right to change it.
  explanations: 'SELECT, INSERT, UPDATE, DELETE',
  statistics_by_month: 'SELECT, INSERT, UPDATE',
  statistics_months: 'SELECT, INSERT, UPDATE',
  readiness: 'SELECT, INSERT, UPDATE',
  key_holders: 'SELECT, INSERT, UPDATE, DELETE',
  secrets: 'SELECT, INSERT',
  probe: 'SELECT, UPDATE',
  register_version: 'SELECT, UPDATE',
  trust_version: 'SELECT, UPDATE',
  audit: 'SELECT, INSERT, DELETE',
  audit_chains: 'SELECT, INSERT, UPDATE',
  audit_checkpoints: 'SELECT, INSERT',
  audit_end: 'SELECT, UPDATE',
  audit_keys: 'SELECT, INSERT',
  audit_pruned: 'SELECT, UPDATE',
};

/** The statements that give a role what it needs, and take what it was given before. @param role quoted */
export function privileges(role: string): readonly string[] {
  return [
    `REVOKE ALL ON ALL TABLES IN SCHEMA ${SCHEMA} FROM PUBLIC, ${role}`,
    `REVOKE ALL ON SCHEMA ${SCHEMA} FROM PUBLIC, ${role}`,
    `REVOKE ALL ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} FROM PUBLIC, ${role}`,
    `GRANT USAGE ON SCHEMA ${SCHEMA} TO ${role}`,
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ${SCHEMA} TO ${role}`,
    ...Object.entries(PRIVILEGES).map(([table, what]) => `GRANT ${what} ON ${table} TO ${role}`),
  ];
}
