import type { IncomingMessage } from 'node:http';
import { Fault } from '../core/fault.ts';

/**
 * Reads a request's body, counting while it comes.
 * @param limit bytes.
 * @throws {Fault} PV-019 as soon as it is larger; PV-022 when the sender goes away. `PV-SEC-059`
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw new Fault('PV-019', { expected: `at most ${limit} bytes` });
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > limit) reject(new Fault('PV-019', { expected: `at most ${limit} bytes` }));
      if (size > limit) request.pause();
    });
    request.on('end', () => resolve(chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks, size)));
    request.on('error', (cause) => reject(new Fault('PV-022', { detail: 'the sender went away', cause })));
  });
}
