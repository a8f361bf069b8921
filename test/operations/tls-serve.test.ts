import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { connect } from 'node:tls';
import t from 'tap';
import { newUser } from '../cli/portvakt.ts';
import { freePort } from '../docs/newcomer.ts';
import { KEYS, ROOT, writeTls } from './tls-files.ts';

t.setTimeout(60_000);

/** The serial number of the certificate that the server shows. */
function shown(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', servername: 'localhost', ca: ROOT }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    }).on('error', reject);
  });
}

const user = await newUser(t);
const port = await freePort();
await user.run(['init', '--issuer', `https://localhost:${port}/`, '--environment', 'test']);
const file = join(user.home, 'portvakt.yaml');
const bare = `${await readFile(file, 'utf8')}listen: { port: ${port} }\noperations: { listen: off }\nshutdown: { delay_seconds: 0 }\n`;
const config = `${bare}tls: { certificate: tls.pem, key: tls.key }\n`;

t.test('PV-SEC-064 serve --check judges TLS as a start does', async (t) => {
  const files = writeTls(user.home);
  const cases: [string, number, RegExp][] = [
    [`${bare}tls: { certificate: tls.pem }\n`, 3, /tls\.key: /],
    [`${bare}tls: { certificate: tls.pem, key: tls.key, versions: all }\n`, 3, /tls\.versions: is not a field/],
    [config.replace('https:', 'http:'), 3, /issuer: must begin with https:\/\/ where tls is set/],
    [config.replace('localhost', '127.0.0.1'), 11, /tls\.pem is not for 127\.0\.0\.1, the issuer's host/],
    [config.replace('key: tls.key', 'key: no.key'), 11, /no\.key: the file of a TLS key is missing/],
    [config.replace('listen: { ', 'listen: { hosts: ["0.0.0.0"], '), 0, /fit for use/],
    [config, 0, /fit for use/],
  ];
  for (const [text, code, message] of cases) {
    await writeFile(file, text);
    t.match(await user.run(['serve', '--check']), { code, stderr: message }, String(message));
  }
  await chmod(files.key, 0o644);
  t.match(await user.run(['serve', '--check']), { code: 11, stderr: /tls\.key is open to other users: chmod 600 it/ });
  t.match(await user.run(['serve']), { code: 11, stderr: /tls\.key is open to other users: chmod 600 it/ });
  await chmod(files.key, 0o600);
});

t.test('SIGHUP takes up a renewed certificate; one that cannot be used is told of, and the last one stays', async (t) => {
  writeTls(user.home);
  await writeFile(file, config);
  const server = user.start(['serve']);
  const lines = createInterface({ input: server.child.stderr })[Symbol.asyncIterator]();
  const hears = async (message: RegExp) => {
    for (let line = await lines.next(); !line.done; line = await lines.next()) if (message.test(line.value)) return line.value;
    return undefined;
  };
  await server.line;
  const before = await shown(port);
  writeTls(user.home, { key: KEYS.second });
  server.child.kill('SIGHUP');
  t.ok(await hears(/"reloaded"/));
  // Who is replaced answers until its successor serves, and a moment longer.
  let renewed = await shown(port);
  for (const since = performance.now(); renewed === before && performance.now() - since < 10_000; ) renewed = await shown(port);
  t.not(renewed, before);
  await writeFile(join(user.home, 'tls.key'), await readFile(join(user.home, 'tls.pem')));
  server.child.kill('SIGHUP');
  t.match(await hears(/"not reloaded"/), /tls\.key is no unencrypted private key in PEM/);
  t.equal(await shown(port), renewed);
  server.child.kill('SIGTERM');
  t.equal((await server.ended).code, 0);
});
