import type { ForgottenSpan } from '../../core/replay-floor.ts';
import { ForgottenSpans } from '../forgotten-spans.ts';
import type { Connection } from './database.ts';

/** The spans in which used assertions have been forgotten, as the transaction at hand sees them. */
export function spansWithin(writer: Connection): () => readonly ForgottenSpan[] {
  const kept = new ForgottenSpans();
  const read = writer.statement<[], { forgotten: string }>('SELECT forgotten FROM replay_floor');
  return () => kept.read(read.get()?.forgotten ?? '[]');
}
