import { type DerValue, readDer, readHeader, TAG } from './der.ts';
import { Refusal } from './refusal.ts';

/**
 * Longest value that is kept as values, in octets: names, algorithms and extensions are far shorter, and whoever can put octets into a
 * download must not be able to have millions of values made of them. `PV-SEC-054`
 */
const KEPT_MAX_BYTES = 64 * 1024;

/**
 * The members of a constructed value that is too long to be kept as values: they are found one by one as they are asked for, and
 * each is read as strictly as {@link readDer} does when its value is.
 */
export class LongMembers {
  readonly #source: Buffer;
  readonly #end: number;
  #at: number;

  private constructor(source: Buffer, at: number, end: number) {
    this.#source = source;
    this.#at = at;
    this.#end = end;
  }

  /** Those of the one SEQUENCE in these octets. @throws {Refusal} der, structure */
  static of(source: Buffer): LongMembers {
    const outside = new LongMembers(source, 0, source.length);
    const inside = outside.open(TAG.sequence);
    outside.end();
    return inside;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#end;
  }

  /** Whether the next member is of this type. */
  isNext(tag: number): boolean {
    return !this.isAtEnd && this.#source[this.#at] === tag;
  }

  /** The members of the next one, which is passed over. @throws {Refusal} der, structure */
  open(tag: number): LongMembers {
    const { content, end } = this.#next(tag);
    return new LongMembers(this.#source, content, end);
  }

  /** The next member's encoding, of which the header alone has been looked at. @throws {Refusal} der, structure */
  take(tag: number): Buffer {
    const { start, end } = this.#next(tag);
    return this.#source.subarray(start, end);
  }

  /** The next member, read whole. @throws {Refusal} der, structure */
  read(tag: number): DerValue {
    const der = this.take(tag);
    if (der.length > KEPT_MAX_BYTES) throw new Refusal('der', `a value of ${der.length} octets where none is so long`);
    return readDer(der);
  }

  /** @throws {Refusal} structure, when a member is left. */
  end(): void {
    if (!this.isAtEnd) throw new Refusal('structure', `type ${this.#source[this.#at]} is left over`);
  }

  #next(tag: number): { start: number; content: number; end: number } {
    if (!this.isNext(tag)) throw new Refusal('structure', `type ${this.isAtEnd ? 'none' : this.#source[this.#at]}, not ${tag}`);
    const start = this.#at;
    const { content, end } = readHeader(this.#source, start, this.#end);
    this.#at = end;
    return { start, content, end };
  }
}
