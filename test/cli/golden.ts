import { readFileSync, writeFileSync } from 'node:fs';
import type { Test } from 'tap';

/**
 * Compares what a command printed with its golden file, one for each command and format; with TAP_SNAPSHOT=1 the files are written anew.
 * @param masks what differs from run to run, and the word that stands for it.
 */
export function matchesGolden(t: Test, name: string, { text, masks = [] }: { text: string; masks?: readonly Mask[] }): void {
  const masked = masks.reduce((sofar, [pattern, word]) => sofar.replaceAll(pattern, word), text);
  const file = new URL(`../golden/cli/${name}`, import.meta.url);
  if (process.env.TAP_SNAPSHOT) writeFileSync(file, masked);
  t.equal(masked, readFileSync(file, 'utf8'), `test/golden/cli/${name}`);
}

export type Mask = readonly [pattern: string | RegExp, word: string];

/** What differs in tokens, assertions and times. */
export const MOMENTARY: readonly Mask[] = [
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'JWT'],
  [/http:\/\/localhost:\d+\//g, 'http://localhost:7300/'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, '2026-01-01T00:00:00Z'],
  [/\b\d{10}\b/g, '1767225600'],
  [/(in )?\d+ (second|minute)s?( ago)?, \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ?/g, 'A MOMENT AGO OR AHEAD'],
  [/\b1([01]\d|20)\b/g, '120'],
];
