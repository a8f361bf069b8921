/** What a measurement comes to. */
export type Outcome = {
  /** For a person, line by line, without the machine. */
  readonly lines: readonly string[];
  /** For a program; snake_case. */
  readonly json: object;
  /** What makes the figures worthless or breaks what they claim, a sentence each. */
  readonly failures: readonly string[];
  /** What can be drawn. */
  readonly bars?: readonly Bars[];
};

/** A figure of several targets, to be drawn as bars. */
export type Bars = {
  readonly title: string;
  readonly digits: number;
  readonly bars: readonly { readonly name: string; readonly figure: number }[];
};

/** A goal of the project and whether it was reached: told, but no failure, for a busy machine misses it, too. */
export function goal(what: string, figure: number, atMost: number, unit = ''): string {
  return `${what}: ${figure.toFixed(2)}${unit}, the goal is at most ${atMost}${unit}: ${figure <= atMost ? 'reached' : 'missed'}`;
}
