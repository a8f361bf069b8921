/** Seconds since 1970-01-01T00:00:00Z, the NumericDate of RFC 7519 §2. Whole unless the doc comment says otherwise. */
export type EpochSeconds = number;

export const MINUTE = 60;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
/** How long a registered key may live from the day it is posted. Contract §1.6 */
export const YEAR = 365 * DAY;
