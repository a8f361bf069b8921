/** Which migrations a store has, and which this version would still apply: their names, oldest first. */
export type SchemaStatus = { readonly applied: readonly string[]; readonly pending: readonly string[] };
