/** A number below another, by chance. */
export type Chance = (below: number) => number;

/**
 * Chance that can be had again: each case of a seed has numbers of its own, whichever case came before it. Mulberry32, begun at a
 * place that both are mixed into.
 */
export function chanceOf(seed: number, number: number): Chance {
  let state = mix(mix(seed) ^ number);
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return Math.floor((((value ^ (value >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** One of several, by chance. @throws {RangeError} for none */
export function pick<T>(choices: readonly T[], next: Chance): T {
  const choice = choices[next(choices.length)];
  if (choice === undefined) throw new RangeError('a choice of nothing');
  return choice;
}

/** The last step of MurmurHash3: neighbours end far apart. */
function mix(number: number): number {
  let value = number | 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}
