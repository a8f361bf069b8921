import { type CatalogueEntry, catalogue, type FaultCode } from './catalogue.ts';

/** One wrong field: whose, which, and what is wrong with it in a sentence that says no more than its grammar allows. */
export type FieldError = { readonly object: string; readonly field: string; readonly message: string };

/** What is known about one occurrence of a fault. */
export type Circumstances = {
  /** In place of the catalogue's `error`, where the contract gives one code two of them. Contract §7.1 */
  readonly error?: string;
  /** Values for the places in the phrase. Only what has passed its own strict grammar may stand here. `PV-SEC-066` */
  readonly say?: Readonly<Record<string, string>>;
  /** For explanations: what the rule asks for, and what it met. Never a key, an assertion or a person's number. */
  readonly expected?: string;
  readonly got?: string;
  /** For the log alone. */
  readonly detail?: string;
  /** The fields of a request that are wrong, for the self-service API. Contract §5.1.1 */
  readonly fields?: readonly FieldError[];
  /** Seconds to wait before the next try, for 429 and 503. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
};

/**
 * A refusal: a code from the catalogue and what happened this time. Its message is the sentence that the client is shown,
 * without the trace id.
 */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly circumstances: Circumstances;

  constructor(code: FaultCode, circumstances: Circumstances = {}) {
    super(sentence(catalogue[code], circumstances.say ?? {}), { cause: circumstances.cause });
    this.code = code;
    this.circumstances = circumstances;
  }

  /** The `error` member that the client is shown. */
  get error(): string {
    return this.circumstances.error ?? this.entry.error;
  }

  /** The catalogue's entry: status, cause and fix. */
  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** A refusal of one field's value: PV-601. The message says what is wrong; the name of the field is put before it. Contract §5.1.1 */
export function invalidField(object: string, field: string, message: string): Fault {
  return new Fault('PV-601', { fields: [{ object, field, message }] });
}

/** A phrase with its places filled; a place without a value is left out. */
function sentence(entry: CatalogueEntry, say: Readonly<Record<string, string>>): string {
  return entry.phrase.replace(/\{([a-z]+)\}/g, (_, place: string) => say[place] ?? '');
}
