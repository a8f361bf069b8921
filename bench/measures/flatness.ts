import { median } from '../load/statistics.ts';

/** What a worker held at a moment; nothing of it when it had ended. */
export type Sample = { readonly at: number; readonly mebibytes?: number; readonly files?: number };

/** How a figure went over the time. */
export type Course = {
  /** Median of the second quarter: the first belongs to caches that fill. */
  readonly beginning: number;
  /** Median of the last quarter. */
  readonly end: number;
  readonly most: number;
  /** Slope of the line that fits the last three quarters best. */
  readonly perMinute: number;
  readonly isFlat: boolean;
};

export type Flatness = { readonly memory: Course; readonly files: Course; readonly isWhole: boolean };

/** How much more at the end still counts as flat: the collector lets memory swing, and connections come and go. */
const MEMORY = { share: 0.1, slack: 5 };
const FILES = { share: 0, slack: 8 };

/** Whether a worker held as much at the end as after the beginning. @param samples in order, their time in seconds. */
export function flatness(samples: readonly Sample[]): Flatness {
  return {
    memory: course(figures(samples, 'mebibytes'), MEMORY),
    files: course(figures(samples, 'files'), FILES),
    isWhole: samples.every(({ mebibytes }) => mebibytes !== undefined),
  };
}

type Point = { readonly at: number; readonly figure: number };

function figures(samples: readonly Sample[], name: 'mebibytes' | 'files'): Point[] {
  return samples.flatMap(({ at, [name]: figure }) => (figure === undefined ? [] : [{ at, figure }]));
}

function course(points: readonly Point[], { share, slack }: { readonly share: number; readonly slack: number }): Course {
  const quarter = Math.floor(points.length / 4);
  const middle = (some: readonly Point[]): number => median(some.map(({ figure }) => figure));
  const beginning = middle(points.slice(quarter, Math.max(2 * quarter, quarter + 1)));
  const end = middle(points.slice(Math.min(3 * quarter, points.length - 1)));
  return {
    ...{ beginning, end, most: Math.max(...points.map(({ figure }) => figure)) },
    perMinute: 60 * slope(points.slice(quarter)),
    isFlat: end <= beginning * (1 + share) + slack,
  };
}

/** Least squares; a single point has none. */
function slope(points: readonly Point[]): number {
  const mean = (of: (point: Point) => number): number => points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [at, figure] = [mean((point) => point.at), mean((point) => point.figure)];
  const spread = mean((point) => (point.at - at) ** 2);
  return spread === 0 ? 0 : mean((point) => (point.at - at) * (point.figure - figure)) / spread;
}
