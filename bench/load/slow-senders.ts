import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { leaveNothing } from '../../proving/leftovers.ts';

/** Connections that dribble a request and never end it. */
export type SlowSenders = {
  /** How often the server has ended one of them so far, each of which opened another at once. */
  ended(): Promise<number>;
  stop(): Promise<void>;
};

export type SlowSendersOrder = { readonly port: number; readonly count: number };

/** Opens the connections from a process of its own, so that the load client is not what is slowed. Resolves when all are open. */
export async function openSlowSenders(order: SlowSendersOrder): Promise<SlowSenders> {
  const child = fork(fileURLToPath(new URL('slow-senders-program.ts', import.meta.url)));
  const forget = leaveNothing(() => child.kill('SIGKILL'));
  const ask = async (question: object | string): Promise<unknown> => {
    const answered = once(child, 'message');
    child.send(question);
    const [answer] = await answered;
    return answer;
  };
  await ask(order);
  return {
    ended: async () => (await ask('ended')) as number,
    stop: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      forget();
    },
  };
}
