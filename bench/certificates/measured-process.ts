/** A server that a measured process runs. */
export type Served = {
  readonly issuer: string;
  readonly port: number;
  /** Does beside its service what the parent asks for by `work`, and tells what came of it. */
  work?(): Promise<object>;
  close(): Promise<void>;
};

/**
 * Runs a server as the child that `startMeasured` has forked: starts it with what the parent sends first, tells where it answers
 * and, whenever asked, what CPU it has used, all its threads counted. It ends with the parent, however the parent ends.
 */
export function runMeasured<Installation>(start: (installation: Installation) => Promise<Served>): void {
  process.once('message', async (installation) => {
    const server = await start(installation as Installation);
    process.on('message', async (question) => process.send?.(question === 'cpu' ? cpuMicroseconds() : await server.work?.()));
    const end = (): void => void ending(server);
    process.once('disconnect', end);
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.disconnect?.());
    if (process.connected) process.send?.({ issuer: server.issuer, port: server.port });
    else end();
  });
}

async function ending(server: Served): Promise<void> {
  await server.close();
  process.exit();
}

function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
