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
