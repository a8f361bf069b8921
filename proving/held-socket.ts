import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { leaveNothing } from './leftovers.ts';
import { type Program, type ServerProcess, watchServerProcess } from './server-process.ts';

/** A program that holds the socket and waits for its turn. */
export type Waiting = {
  start(): Promise<ServerProcess>;
  /** Ends it, unless it has started. */
  forget(): void;
};

/** Becomes the program when it is told to, as what a service manager starts with a socket. sd_listen_fds(3) */
const WAIT = 'read -r go && export LISTEN_FDS=1 LISTEN_PID=$$ && exec "$@"';

/**
 * Opens a listening socket on 127.0.0.1 and hands it to programs of Node, as a service manager does: it is there as long as one of them is,
 * and what is in its queue is answered by whichever takes it. The programs wait in a shell each, because Node listens on what it holds.
 */
export async function onOneSocket(port: number, programs: readonly Program[]): Promise<readonly Waiting[]> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  // Node tells the descriptor of a socket in no other way.
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const waiting = programs.map(({ args, env = {} }) => {
    const child = spawn('sh', ['-c', WAIT, 'sh', process.execPath, ...args], {
      stdio: ['pipe', 'pipe', 'pipe', fd],
      env: { ...process.env, ...env },
    });
    const forget = leaveNothing(() => child.kill('SIGKILL'));
    let started = false;
    return {
      start: () => {
        started = true;
        forget();
        const ready = watchServerProcess(child);
        child.stdin?.end('go\n');
        return ready;
      },
      forget: () => {
        forget();
        if (!started) child.kill('SIGKILL');
      },
    };
  });
  server.close();
  return waiting;
}
