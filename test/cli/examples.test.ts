import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { examplesOf } from '../../cli/help.ts';
import { createProgram } from '../../cli/program.ts';
import { everyCommand, isOnline, newReader, pathOf } from './examples.ts';
import { exportAudit } from './exported.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(120_000);

const commands = await everyCommand();

t.test('every command has a sentence, two examples and where to read on, and its help fits 80 columns', async (t) => {
  for (const command of commands) {
    const name = pathOf(command);
    t.match(command.description(), /^[A-Z].*\.$/, name);
    t.ok(examplesOf(command).length >= 2, `${name} has ${examplesOf(command).length} examples`);
    const help = command.helpInformation();
    t.same(
      help.split('\n').filter((line) => line.length > 80),
      [],
      name,
    );
    t.match(help, /\nSee also: \S/);
  }
});

t.test('every example in every help text works as it stands, against dev', async (t) => {
  const offline = commands.filter((command) => !isOnline(command));
  const { user, made, tell, prepare, succeed, told } = await newReader(t, offline);
  const fetchExamples = async () => {
    const asConsumer = ['--client', 'demo-consumer', '--scope', 'prove:bygg.read', '--issuer', made.issuer];
    await writeFile(join(user.home, 'token.jwt'), (await user.run(['token', 'get', ...asConsumer, '-q'])).stdout);
    // The refusal that the examples of explain ask about.
    const traceparent = '00-9f8e7d6c5b4a39281706f5e4d3c2b1a0-00f067aa0ba902b7-00';
    const refused = await fetch(made.token_endpoint, { method: 'POST', headers: { traceparent }, body: 'x' });
    t.equal(refused.status, 400);
    await writeFile(join(user.home, 'request.jwt'), (await user.run(['assertion', 'create', ...asConsumer])).stdout);
  };
  await prepare('portvakt login --client demo-consumer-admin');
  await tell('portvakt init', 'portvakt admin bootstrap');
  await prepare('portvakt serve --check');
  await exportAudit(user.home);
  await tell('portvakt token get', 'portvakt assertion create');
  await fetchExamples();
  await tell(...offline.map(pathOf).filter((name) => /^portvakt (token|assertion) (inspect|verify|explain)$/.test(name)));
  await tell(...offline.map(pathOf).filter((name) => !told.has(name) && name !== 'portvakt serve'));
  await appendFile(join(user.home, 'portvakt.yaml'), 'listen: { port: 0 }\noperations: { listen: off }\n');
  await tell('portvakt serve');
  await t.test('portvakt', (t) => succeed(t, examplesOf(createProgram())));
  t.same([...told].sort(), offline.map(pathOf).sort(), 'none was left out');
});
