import { hash } from 'node:crypto';
import type { AuditLink, AuditRecord, ChainedRecord } from '../core/audit.ts';
import { canonicalJson } from './canonical-json.ts';

/** What the first chain of a store begins with, and its first checkpoint. */
export const ORIGIN = '0'.repeat(64);

/**
 * The hash of a record in its place, over its canonical JSON. Written out member by member, because it is made for every token; a
 * test holds it against {@link recordHash}.
 * @param details the record's details in canonical form.
 * @returns SHA-256, hex.
 */
export function linkHash(link: AuditLink, record: Omit<AuditRecord, 'details'>, details: string): string {
  const { sequence, chain, number, previous } = link;
  const { at, clientId, correlationId, orgno, type } = record;
  const client = clientId === undefined ? '' : `,"client_id":${JSON.stringify(clientId)}`;
  const organization = orgno === undefined ? '' : `,"orgno":${JSON.stringify(orgno)}`;
  const correlation = JSON.stringify(correlationId);
  return hash(
    'sha256',
    `{"at":${at},"chain":${chain}${client},"correlation_id":${correlation},"details":${details},"number":${number}${organization}` +
      `,"previous":"${previous}","sequence":${sequence},"type":${JSON.stringify(type)}}`,
  );
}

/** The hash that a record as it is exported has to have. */
export function recordHash({ hash: _, ...record }: ChainedRecord): string {
  return hash('sha256', canonicalJson(record));
}
