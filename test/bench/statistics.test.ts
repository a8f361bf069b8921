import t from 'tap';
import { median, percentile } from '../../bench/load/statistics.ts';

t.test('the median is the middle figure, or the mean of the middle two', async (t) => {
  t.equal(median([7]), 7);
  t.equal(median([30, 1, 2]), 2);
  t.equal(median([10, 1, 4, 2]), 3);
  t.throws(() => median([]), RangeError);
});

t.test('a percentile is the smallest figure that so large a share does not exceed', async (t) => {
  const hundred = Array.from({ length: 100 }, (_, n) => 100 - n);
  t.equal(percentile(hundred, 0.5), 50);
  t.equal(percentile(hundred, 0.99), 99);
  t.equal(percentile(hundred, 1), 100);
  t.equal(percentile([100, 9], 0.5), 9, 'figures are compared as numbers');
  t.throws(() => percentile([], 0.5), RangeError);
});
