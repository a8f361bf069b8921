/** What a gate is asked for. */
export type Asked = {
  /** The form that takes a minute or two, not the full one. */
  readonly isShort: boolean;
  /** Where chance begins: the same seed makes the same cases. */
  readonly seed: number;
  /** Number of the first case: a run that was stopped goes on from where it was. */
  readonly from: number;
  /** Hears of the progress. */
  tell(line: string): void;
};

/** What a gate found. */
export type Outcome = {
  readonly figures: Readonly<Record<string, number | string>>;
  /** What speaks against a release, a sentence each; none: the gate is passed. */
  readonly failures: readonly string[];
};

/** Something that holds before a release, too long for the suite, which has a short form of it. Security reference §6 */
export type Gate = {
  /** As security §6 numbers it; a part of one has a name behind: `G9-certificates`. */
  readonly id: string;
  /** What is done, and what has to come of it. */
  readonly title: string;
  run(asked: Asked): Promise<Outcome>;
};

/** So many failures are told, and the rest counted: the first ones say it. */
export const TOLD = 10;
