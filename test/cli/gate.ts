import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Test } from 'tap';

/** A call that is waited for, and the moment at which something is done about it. */
export type Point = { readonly method: string; readonly path: RegExp; readonly moment: 'before' | 'after' };

/** What is done; `cut` breaks the connection off, and otherwise the call goes on. */
export type Act = () => Promise<'cut' | 'go on'>;

/** A way to a server that passes everything on, unless it is told to step in. */
export type Gate = {
  /** What the server has to call itself. */
  readonly issuer: string;
  /** Where the server has to listen. */
  readonly port: number;
  /** Does something at the next call that is meant. */
  readonly stepIn: (point: Point, act: Act) => void;
  /** Answers requests for tokens with a refusal, or no longer does. */
  readonly refuseTokens: (refuse: boolean) => void;
};

/** Opens a gate that is shut with the test. */
export async function openGate(t: Test): Promise<Gate> {
  let plan: (Point & { readonly act: Act }) | undefined;
  let refusing = false;
  const port = await freePort();
  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}/`;
  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { method = '', url = '' } = incoming;
    const meant = plan?.method === method && plan.path.test(url) ? plan : undefined;
    if (meant) plan = undefined;
    if (meant?.moment === 'before' && (await meant.act()) === 'cut') return void outgoing.destroy();
    if (refusing && url === '/token') return refuse(outgoing, issuer);
    const onward = forward({ host: '127.0.0.1', port, method, path: url, headers: incoming.headers }, (answer) => {
      if (meant?.moment === 'after') return void answer.resume().once('end', () => meant.act().then(() => outgoing.destroy()));
      outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(outgoing);
    });
    incoming.pipe(onward);
  }
  return {
    issuer,
    port,
    stepIn: (point, act) => {
      plan = { ...point, act };
    },
    refuseTokens: (refuse) => {
      refusing = refuse;
    },
  };
}

function refuse(outgoing: ServerResponse, issuer: string): void {
  const body = { error: 'invalid_grant', error_description: 'Client not found', error_uri: `${issuer}errors/MP-100` };
  outgoing.writeHead(400, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
