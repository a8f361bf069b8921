/**
 * The middle of the figures, of an even number the mean of the middle two.
 * @throws {RangeError} without figures.
 */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('a median of nothing');
  return (lower + upper) / 2;
}

/**
 * The smallest figure that at least this share of all does not exceed: the nearest rank.
 * @param share above 0, at most 1.
 * @throws {RangeError} without figures.
 */
export function percentile(figures: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(figures).sort();
  const figure = sorted[Math.ceil(share * sorted.length) - 1];
  if (figure === undefined) throw new RangeError('a percentile of nothing');
  return figure;
}
