/** Reads a stream of bytes by lengths, holding little more than what is asked for. */
export class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #chunks: Buffer[] = [];
  #length = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** So many bytes, or what is left. */
  async atMost(length: number): Promise<Buffer> {
    while (this.#length < length && (await this.#more()));
    const all = Buffer.concat(this.#chunks);
    this.#chunks = all.length > length ? [all.subarray(length)] : [];
    this.#length = Math.max(0, all.length - length);
    return all.subarray(0, length);
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    while (this.#length === 0) if (!(await this.#more())) return true;
    return false;
  }

  /** A line with its end, of at most so many bytes; what is longer is cut there. */
  async line(longest: number): Promise<string> {
    const bytes = await this.atMost(longest);
    const end = bytes.indexOf(0x0a) + 1 || bytes.length;
    this.#chunks = [bytes.subarray(end), ...this.#chunks];
    this.#length += bytes.length - end;
    return bytes.subarray(0, end).toString('latin1');
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#source.next();
    if (done) return false;
    this.#chunks.push(value);
    this.#length += value.length;
    return true;
  }
}
