import type { ForgottenSpan } from '../core/replay-floor.ts';

/** The spans in which used assertions have been forgotten, as a store writes them: few, and rarely others than a moment ago. */
export class ForgottenSpans {
  #text = '[]';
  #spans: readonly ForgottenSpan[] = [];

  /** @param text what the store holds now. */
  read(text: string): readonly ForgottenSpan[] {
    if (text === this.#text) return this.#spans;
    this.#spans = (JSON.parse(text) as [number, number][]).map(([since, until]) => ({ since, until }));
    this.#text = text;
    return this.#spans;
  }
}

/** As {@link ForgottenSpans.read} reads them. */
export function writeSpans(spans: readonly ForgottenSpan[]): string {
  return JSON.stringify(spans.map(({ since, until }) => [since, until]));
}
