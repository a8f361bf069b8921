/**
 * How values are spread: how many lie between each two bounds, and their sum. To observe one costs a few comparisons and no memory, so
 * that it may stand on the token path.
 */
export class Distribution {
  /** Upper bounds, each of its own class, rising; what is above the last is in a class of its own. */
  readonly bounds: readonly number[];
  /** How many values each class holds; one more than there are bounds. */
  readonly counts: number[];
  sum = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    const { bounds, counts } = this;
    let place = 0;
    while (place < bounds.length && value > (bounds[place] as number)) place++;
    counts[place] = (counts[place] as number) + 1;
    this.sum += value;
  }
}
