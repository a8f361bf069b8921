import { randomFillSync, randomUUID } from 'node:crypto';
import type { Random } from './core/ports.ts';

/** Bytes drawn at a time: one call for each token would cost as much as a look-up. */
const DRAWN = 4_096;

const pool = Buffer.alloc(DRAWN);
let used = DRAWN;

/** The machine's randomness, drawn ahead a page at a time; each byte is given out once. `PV-SEC-102` */
export const random: Random = {
  token: () => take(32, 'base64url'),
  traceId: () => take(16, 'hex'),
  spanId: () => take(8, 'hex'),
  uuid: randomUUID,
};

/** What has been given out does not stay in memory. */
function take(length: number, encoding: 'base64url' | 'hex'): string {
  if (used + length > DRAWN) {
    randomFillSync(pool);
    used = 0;
  }
  const text = pool.toString(encoding, used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return text;
}
