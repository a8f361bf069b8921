/** An answer that is a public document and not an object of the API. */
export class Document {
  readonly mediaType: string;
  readonly text: string;
  /** What a browser may do with it, for pages. */
  readonly policy: string | undefined;

  constructor(mediaType: string, text: string, policy?: string) {
    this.mediaType = mediaType;
    this.text = text;
    this.policy = policy;
  }
}
