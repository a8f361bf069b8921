/** Most answers that are kept; the oldest goes first. */
const MOST = 10_000;

/** Uses a positive answer again for a while. A refusal is never kept: what has just been given holds at once. `PV-SEC-072` */
export class KeptAnswers {
  readonly #lifetime: number;
  readonly #elapsed: () => number;
  readonly #kept = new Map<string, { readonly answer: unknown; readonly until: number }>();

  /** @param seconds how long; 0 keeps nothing. @param elapsed milliseconds of a clock that nobody sets. */
  constructor(seconds: number, elapsed: () => number = () => performance.now()) {
    this.#lifetime = seconds * 1000;
    this.#elapsed = elapsed;
  }

  /** The kept answer to the question, or what asking brings. An answer counts as positive unless it is false or undefined. */
  async answer<T>(question: string, ask: () => Promise<T>): Promise<T> {
    const kept = this.#kept.get(question);
    if (kept && kept.until > this.#elapsed()) return kept.answer as T;
    const until = this.#elapsed() + this.#lifetime;
    const answer = await ask();
    this.#kept.delete(question);
    if (this.#lifetime > 0 && answer !== false && answer !== undefined) this.#keep(question, answer, until);
    return answer;
  }

  #keep(question: string, answer: unknown, until: number): void {
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MOST && oldest !== undefined) this.#kept.delete(oldest);
    this.#kept.set(question, { answer, until });
  }
}
