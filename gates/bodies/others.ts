import Database from 'better-sqlite3';

/** What must stay as it is, whatever one organisation sends: for each table, the rows that are not its to change. */
const ROWS_OF_OTHERS: Readonly<Record<string, string>> = {
  organizations: 'SELECT * FROM organizations',
  prefixes: 'SELECT * FROM prefixes',
  scopes: 'SELECT * FROM scopes WHERE owner_orgno <> :own',
  // It may ask for access, and not grant it to itself.
  accesses: `SELECT * FROM accesses WHERE scope IN (SELECT name FROM scopes WHERE owner_orgno <> :own)
             AND (consumer_orgno <> :own OR state = 'APPROVED')`,
  clients: 'SELECT * FROM clients WHERE orgno <> :own AND supplier_orgno IS NOT :own',
  ...ofClients('client_scopes', 'client_keys', 'on_behalf_of'),
  delegations: 'SELECT * FROM delegations WHERE consumer_orgno <> :own',
  delegation_scopes: 'SELECT * FROM delegation_scopes WHERE consumer_orgno <> :own',
  systems: 'SELECT * FROM systems WHERE vendor_orgno <> :own',
  // As a vendor it may ask a customer, and not answer for it.
  system_users: `SELECT * FROM system_users WHERE customer_orgno <> :own
                 AND (state = 'ACTIVE' OR system_id IN (SELECT system_id FROM systems WHERE vendor_orgno <> :own))`,
  // Its front gives consents for others: those that were there before are looked at.
  consents: 'SELECT * FROM consents WHERE giver NOT LIKE :giver AND consented <= :began',
  sources: 'SELECT * FROM sources',
  trust_entries: 'SELECT * FROM trust_entries',
  signing_keys: 'SELECT * FROM signing_keys',
  secrets: 'SELECT * FROM secrets',
};

function ofClients(...tables: readonly string[]): Record<string, string> {
  const others = 'SELECT client_id FROM clients WHERE orgno <> :own AND supplier_orgno IS NOT :own';
  return Object.fromEntries(tables.map((table) => [table, `SELECT * FROM ${table} WHERE client_id IN (${others})`]));
}

/** The rows of everybody else, by table. A server may run on the database meanwhile. */
export type Others = ReadonlyMap<string, ReadonlySet<string>>;

/** @param began the moment before which what is there was there: in seconds. */
export function readOthers(database: string, own: string, began: number): Others {
  const connection = new Database(database, { readonly: true, fileMustExist: true });
  try {
    const asked = { own, giver: `%${own}`, began };
    return new Map(
      Object.entries(ROWS_OF_OTHERS).map(([table, sql]) => {
        const statement = connection.prepare(sql);
        const named = Object.entries(asked).filter(([name]) => sql.includes(`:${name}`));
        return [table, new Set(statement.all(Object.fromEntries(named)).map((row) => JSON.stringify(row)))];
      }),
    );
  } finally {
    connection.close();
  }
}

/** What differs, a sentence each. */
export function differences(before: Others, after: Others): string[] {
  return [...before].flatMap(([table, rows]) => {
    const now = after.get(table) ?? new Set();
    const gone = [...rows].filter((row) => !now.has(row));
    const come = [...now].filter((row) => !rows.has(row));
    return [...gone.map((row) => `${table}: gone is ${row}`), ...come.map((row) => `${table}: new is ${row}`)];
  });
}
