/** A server that is asked for tokens. */
export type LoadedServer = {
  readonly issuer: string;
  /** On 127.0.0.1. */
  readonly port: number;
  /** Microseconds of CPU, user and system, that all its processes have used so far. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
};

/** One kind of request to one server: a line of the table. */
export type Target = {
  readonly name: string;
  readonly server: Pick<LoadedServer, 'issuer' | 'port' | 'cpu'>;
  /** So many requests that each deserve a token, whole HTTP messages, signed now. */
  requests(count: number): Promise<Uint8Array[]>;
  /** What a replay must be answered with. A peer has none: what it answers is told, and not judged. */
  readonly replayIs?: string;
  /** What the server does not do that Portvakt does, for whoever compares. */
  readonly leavesOut?: string;
};

/** A whole HTTP message to the token endpoint. RFC 6749 §3.2 */
export function tokenRequest(issuer: string, form: Readonly<Record<string, string>>): Buffer {
  const body = new URLSearchParams(form).toString();
  const head = [
    'POST /token HTTP/1.1',
    `Host: ${new URL(issuer).host}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}
