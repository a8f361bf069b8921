/** An answer too long to be held: lines of JSON, one after the other. */
export class Lines {
  readonly lines: AsyncIterable<string>;

  constructor(lines: AsyncIterable<string>) {
    this.lines = lines;
  }
}

/** A JSON value a line. */
export const NDJSON = 'application/x-ndjson';
