import { createHmac, timingSafeEqual } from 'node:crypto';
import { invalidField } from '../core/fault.ts';

/** Marks places in one list of one caller, so that nobody can make a mark or use it elsewhere. `PV-SEC-089` */
export type Cursors = {
  /** The mark of a place: the key of the last row that was shown. */
  seal(place: string): string;
  /** The place of a mark. @throws {Fault} PV-601 for another's, another list's, or none at all */
  open(cursor: string): string;
};

/**
 * @param list what the marks belong to: address, caller and filter.
 */
export function createCursors(secret: Uint8Array, list: object): Cursors {
  const context = JSON.stringify(list);
  const mac = (place: string): Buffer => createHmac('sha256', secret).update(`${context}\n${place}`).digest().subarray(0, 16);
  return {
    seal: (place) => Buffer.concat([mac(place), Buffer.from(place)]).toString('base64url'),
    open: (cursor) => {
      const bytes = Buffer.from(cursor, 'base64url');
      const place = bytes.subarray(16).toString();
      if (bytes.length > 16 && timingSafeEqual(bytes.subarray(0, 16), mac(place))) return place;
      throw invalidField('query', 'cursor', 'is not a cursor of this list');
    },
  };
}
