/**
 * The store cannot be used as it stands, and will not mend by itself: an operator has to act. The message names the file and the
 * remedy. What may pass by itself (locked, full, out of reach) is `StoreUnavailable` instead.
 */
export class StoreUnusable extends Error {
  override readonly name = 'StoreUnusable';
}
