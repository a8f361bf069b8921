import { type CatalogueEntry, catalogue, type FaultCode } from './catalogue.ts';

/** What is known about one occurrence of a fault. */
export type Circumstances = {
  /** Values for the places in the phrase. Only what has passed its own strict grammar may stand here. `PV-SEC-066` */
  readonly say?: Readonly<Record<string, string>>;
  /** For explanations: what the rule asks for, and what it met. Never a key, an assertion or a person's number. */
  readonly expected?: string;
  readonly got?: string;
  /** For the log alone. */
  readonly detail?: string;
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

  /** The catalogue's entry: status, cause and fix. */
  get entry(): CatalogueEntry {
    return catalogue[this.code];
  }
}

/** A phrase with its places filled; a place without a value is left out. */
function sentence(entry: CatalogueEntry, say: Readonly<Record<string, string>>): string {
  return entry.phrase.replace(/\{([a-z]+)\}/g, (_, place: string) => say[place] ?? '');
}
