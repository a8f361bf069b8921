import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { readList } from './read-list.ts';
import { Refusal, type Rule } from './refusal.ts';
import type { RevocationList } from './revocation-list.ts';

/** What the thread is told. */
export type LoadTask = { readonly file: string; readonly issuer: Uint8Array };

/** What it answers: the list, or the rule that it breaks. */
export type LoadOutcome = { readonly list: RevocationList } | { readonly rule: Rule; readonly met: string };

/** Octets of a list that is read before a thread would have started: some 1,500 entries, in some 3 ms. */
const SHORT = 65_536;

/**
 * Reads and verifies the file of a revocation list, a long one in a thread of its own, so that a million entries hold up nothing else.
 * `PV-SEC-054`
 * @param issuer DER of the certificate whose key has to have signed it.
 * @throws {Refusal} naming the rule, or the system's own error when the file cannot be read.
 */
export async function loadList(file: string, issuer: Uint8Array): Promise<RevocationList> {
  if ((await stat(file)).size <= SHORT) return readList(file, issuer);
  const workerData: LoadTask = { file, issuer };
  const program = new URL(`./load-list-thread${extname(import.meta.url)}`, import.meta.url);
  // What an operator has put in front of the server by --import is not for a thread that lives for one list.
  const worker = new Worker(program, { workerData, execArgv: [], env: {} });
  const outcome = await new Promise<LoadOutcome>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
    worker.once('exit', () => reject(new Error('the thread ended without an answer')));
  });
  if ('rule' in outcome) throw new Refusal(outcome.rule, outcome.met);
  return withBuffers(outcome.list);
}

/** Between threads a Buffer loses what it is beside its octets. */
function withBuffers(list: RevocationList): RevocationList {
  const { names, ...scope } = list.scope;
  return {
    ...list,
    issuer: Buffer.from(list.issuer),
    number: Buffer.from(list.number),
    scope: { ...scope, ...(names && { names: names.map((name) => Buffer.from(name)) }) },
  };
}
