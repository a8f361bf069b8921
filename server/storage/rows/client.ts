import type { Client } from '../../core/client.ts';
import { keysFromJson } from './client-key.ts';

/** A client as its table holds it. */
export type ClientRow = Omit<Client, 'supplierOrgno' | 'blocked' | 'scopes' | 'keys' | 'details'> & {
  readonly supplierOrgno: string | null;
  readonly blocked: string | null;
  readonly details: string;
};

/** The same with its keys and scopes, as JSON. */
export type WholeClientRow = ClientRow & { readonly keys: string; readonly scopes: string };

/** As the table holds it. */
export function toRow({ keys, scopes, ...client }: Client): ClientRow {
  return {
    ...client,
    supplierOrgno: client.supplierOrgno ?? null,
    blocked: client.blocked ?? null,
    details: JSON.stringify(client.details),
  };
}

/** As {@link toRow} wrote it. */
export function fromRow({ supplierOrgno, blocked, ...row }: WholeClientRow): Client {
  return {
    ...row,
    ...(supplierOrgno !== null && { supplierOrgno }),
    ...(blocked !== null && { blocked }),
    keys: keysFromJson(row.keys),
    scopes: JSON.parse(row.scopes) as string[],
    details: JSON.parse(row.details) as Client['details'],
  };
}
