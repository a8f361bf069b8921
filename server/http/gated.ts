import type { Gate } from '../core/limits.ts';

/** Does the work in a place of the gate, and gives the place back. @throws {Fault} PV-402 where there is none in time. `PV-SEC-113` */
export async function gated<T>(gate: Gate, work: () => Promise<T>): Promise<T> {
  const turn = gate.enter();
  if (turn) await turn;
  try {
    return await work();
  } finally {
    gate.leave();
  }
}
