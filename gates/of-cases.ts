import type { Asked, Gate, Outcome } from './gate.ts';

/** What a gate of numbered cases is asked for: those from the first one to the one before `to`, and there is one at least. */
export type AskedCases = Asked & { readonly to: number };

type GateOfCases = Omit<Gate, 'run'> & {
  /** How many there are, and how many the short form takes from the first one that is asked for. */
  readonly cases: { readonly full: number; readonly short: number };
  run(asked: AskedCases): Promise<Outcome>;
};

/** A gate of numbered cases: where none is left from the first one that is asked for, it says so and is not passed. */
export function ofCases({ cases: { full, short }, run, ...gate }: GateOfCases): Gate {
  return {
    ...gate,
    run: async (asked) => {
      const { isShort, from } = asked;
      const to = isShort ? from + short : full;
      if (from < to) return run({ ...asked, to });
      return { figures: {}, failures: [`its cases are those from 0 to ${full - 1}: from ${from} nothing is left to be shown`] };
    },
  };
}
