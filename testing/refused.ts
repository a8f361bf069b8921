/** A token that was refused: what the token endpoint answered, so that a test can look for the code. */
export class TokenRefused extends Error {
  override readonly name = 'TokenRefused';
  readonly status: number;
  /** OAuth's own word. RFC 6749 §5.2 */
  readonly error: string;
  /** `MP-nnn` or `PV-nnn`: docs/reference/errors.md; undefined where the answer names none. */
  readonly code: string | undefined;

  constructor({ status, body }: TokenAnswer) {
    super(String(body.error_description ?? `the token endpoint answers ${status}`));
    this.status = status;
    this.error = String(body.error ?? '');
    this.code = /\/([A-Z]{2}-[0-9]{3})$/.exec(String(body.error_uri ?? ''))?.[1];
  }
}

/** What the token endpoint answered. RFC 6749 §5.1, §5.2 */
export type TokenAnswer = { readonly status: number; readonly body: Readonly<Record<string, unknown>> };
