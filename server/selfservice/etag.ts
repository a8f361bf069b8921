import { hash } from 'node:crypto';
import { Fault } from '../core/fault.ts';

/** The strong entity tag of an answer's text. RFC 9110 §8.8.3, `PV-SEC-087` */
export function etag(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
}

/**
 * Holds `If-Match` against what stands now. RFC 9110 §13.1.1
 * @param current the object as a GET would answer it.
 * @param required whether a change without it is refused: on our own resources.
 * @throws {Fault} PV-612, PV-628
 */
export function assertMatches(ifMatch: string | undefined, current: object, required: boolean): void {
  if (ifMatch === undefined && required) throw new Fault('PV-628');
  if (ifMatch === undefined || ifMatch.trim() === '*') return;
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (!tags.includes(etag(JSON.stringify(current)))) throw new Fault('PV-612');
}
