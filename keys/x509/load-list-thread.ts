import { constants, platform, setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import type { LoadOutcome, LoadTask } from './load-list.ts';
import { readList } from './read-list.ts';
import { attempt, Refusal } from './refusal.ts';

/** The thread of {@link loadList}: one list, one answer. The table of serial numbers is handed over, not copied. */
const { file, issuer }: LoadTask = workerData;

// Tokens come first where there are fewer cores than work. On Linux a priority is the thread's own; elsewhere it would be the server's.
if (platform() === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL);

const list = attempt(() => readList(file, issuer));
const outcome: LoadOutcome = list instanceof Refusal ? { rule: list.rule, met: list.met } : { list };
const tables = list instanceof Refusal ? [] : [list.revoked.slots.buffer, list.revoked.octets.buffer];
parentPort?.postMessage(
  outcome,
  tables.filter((buffer) => buffer instanceof ArrayBuffer),
);
