import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { parse, stringify } from 'yaml';
import { makeDataDirectory } from '../../proving/data-directory.ts';
import { onOneSocket, type Waiting } from '../../proving/held-socket.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { readConfig } from '../../server/config.ts';
import { BIN } from './portvakt.ts';

// As a user has it: without what tap loads into every child.
delete process.env.NODE_OPTIONS;

const unix = process.platform === 'win32' ? { skip: 'Windows hands sockets over in another way' } : {};

const { world } = await worldOfRun();

/** Connections that are opened at the same time, each for one question: so many that some always wait to be taken. */
const CROWD = 24;

t.test(
  'PV-SEC-122 a server follows another on a socket that is handed to both, and every request is answered',
  unix,
  async (t) => {
    const directory = await makeDataDirectory(world);
    t.teardown(() => directory.remove());
    const settings = await readFile(directory.config, 'utf8');
    await writeFile(directory.config, settings.replace('delay_seconds: 0', 'delay_seconds: 1'));
    const program = { args: [BIN, 'serve', '--config', directory.config], env: { PORTVAKT_WORKERS: '1' } };
    const [first, second] = (await onOneSocket(directory.port, [program, program])) as [Waiting, Waiting];
    const one = await first.start();
    const other = await second.start();
    t.teardown(() => other.kill('all'));
    const came = new Map<string, number>();
    let over = false;
    const load = Array.from({ length: CROWD }, async () => {
      while (!over) {
        const answer = await askOnce(directory.port);
        came.set(answer, (came.get(answer) ?? 0) + 1);
      }
    });
    await one.stop();
    over = true;
    await Promise.all(load);
    t.same([...came.keys()], ['200'], `${[...came]}`);
    // A socket that was handed over cannot be opened a second time: a service manager has to start anew what has lost it.
    const [worker = 0] = other.workers();
    process.kill(worker, 'SIGKILL');
    await t.rejects(other.ended, { message: /no worker was left on the sockets that were handed over/ });
  },
);

/** On a connection of its own. @returns the status, or what broke */
async function askOnce(port: number): Promise<string> {
  const request = get({ host: '127.0.0.1', port, path: '/jwk', agent: false });
  try {
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    for await (const _ of response);
    return `${response.statusCode}`;
  } catch (error) {
    return String(error);
  }
}

t.test('a socket that the configuration does not name is refused', unix, async (t) => {
  const directory = await makeDataDirectory(world);
  t.teardown(() => directory.remove());
  const settings = parse(await readFile(directory.config, 'utf8'));
  const refusalOf = async (listen: object): Promise<unknown> => {
    await writeFile(directory.config, stringify({ ...settings, listen: { ...settings.listen, ...listen } }));
    const program = { args: [BIN, 'serve', '--config', directory.config], env: { PORTVAKT_WORKERS: '1' } };
    const [waiting] = await onOneSocket(directory.port, [program]);
    return waiting?.start().then(
      () => undefined,
      (error: unknown) => error,
    );
  };
  t.match(await refusalOf({ hosts: ['::1'] }), { message: /ended with 3 .*listen\.hosts: does not name 127\.0\.0\.1 port \d+/s });
  t.match(await refusalOf({ port: 7300 }), { message: /ended with 3 .*listen\.port: is 7300/s });
});

t.test('sockets are taken by the process that they are meant for', async (t) => {
  const file = join(t.testdir({ 'portvakt.yaml': 'issuer: http://localhost:7300/\ndata_dir: data\n' }), 'portvakt.yaml');
  const pid = `${process.pid}`;
  const sockets = async (env: NodeJS.ProcessEnv): Promise<number> => (await readConfig(file, env)).sockets;
  t.equal(await sockets({}), 0);
  t.equal(await sockets({ LISTEN_PID: pid, LISTEN_FDS: '2' }), 2);
  t.equal(await sockets({ LISTEN_PID: '1', LISTEN_FDS: '2' }), 0);
  for (const wrong of ['', '-1', 'x', '1000', undefined])
    await t.rejects(sockets({ LISTEN_PID: pid, LISTEN_FDS: wrong }), { name: 'ConfigMistake', message: /^LISTEN_FDS/ });
});
