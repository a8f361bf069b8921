import { once } from 'node:events';
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { ORGANIZATIONS } from '../../fixtures/made-up-world.ts';
import { readPublicJwk } from '../../keys/public-jwk.ts';
import { ADMIN_SCOPES } from '../../server/core/admin-scopes.ts';
import { startApi } from '../selfservice/api.ts';
import { newUser } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

t.test('PV-SEC-108 the operator takes the audit out, and verifies it offline with the public keys alone', async (t) => {
  const user = await newUser(t);
  await user.run(['key', 'generate', '--out', 'key.pem']);
  const key = readPublicJwk(JSON.parse(await readFile(join(user.home, 'key.pub.jwk'), 'utf8')));
  if ('flaw' in key) throw new Error(key.flaw);
  const client = (part: 'operator' | 'consumer') => ({
    ...{ clientId: `cli-${part}`, name: part, orgno: ORGANIZATIONS[part].orgno, active: true },
    ...{ integrationType: 'maskinporten' as const, scopes: [...ADMIN_SCOPES], accessTokenLifetime: 0, keys: [key] },
    details: { description: part, token_endpoint_auth_method: 'private_key_jwt' },
  });
  const api = await startApi(t, {
    systemClock: true,
    world: (world) => ({ ...world, clients: [...world.clients, client('operator'), client('consumer')] }),
  });
  const { issuer } = api.server;
  for (const part of ['operator', 'consumer'] as const) {
    const as = ['--server', issuer, '--name', part, '--client-id', `cli-${part}`, '--key', 'key.pem'];
    t.equal((await user.run(['login', ...as])).code, 0);
  }
  const own = await user.run(['audit', 'export', '--context', 'consumer']);
  t.equal(own.code, 0, own.stderr);
  t.notMatch(own.stdout, new RegExp(`"orgno":"(?!${ORGANIZATIONS.consumer.orgno})`), 'another organisation takes out its own');

  const listed = await user.run(['audit', 'list', '--type', 'token.issuing', '-o', 'json', '--context', 'consumer']);
  const { items } = JSON.parse(listed.stdout);
  t.ok(items.length > 0);
  t.ok(
    items.every(
      ({ actor, type }: { actor: { orgno: string }; type: string }) =>
        type === 'token.issuing' && actor.orgno === ORGANIZATIONS.consumer.orgno,
    ),
  );
  const tail = await user.run(['audit', 'tail', '-n', '2', '-o', 'name', '--context', 'operator']);
  t.match(tail, { code: 0, stdout: /^audit\/\d+\naudit\/\d+\n$/ });
  t.match(await user.run(['audit', 'tail', '-n', 'few', '--context', 'operator']), { code: 2 });
  const following = user.start(['audit', 'tail', '--follow', '--type', 'made.up', '--context', 'operator']);
  const event = { type: 'made.up', at: 1, correlationId: '0'.repeat(32), details: {} };
  await api.server.storage.audit.append(event);
  t.match(JSON.parse((await following.line) ?? ''), { type: 'made.up' }, 'what comes');
  const more = once(following.child.stdout, 'data');
  await api.server.storage.audit.append({ ...event, at: 2 });
  await more;
  following.child.kill('SIGINT');
  const { code, stdout } = await following.ended;
  t.match([code, stdout.trim().split('\n').length], [0, 2], 'each once, until Ctrl-C');
  const counted = await user.run(['stats', 'tokens', '--by', 'client', '-o', 'csv', '--context', 'operator']);
  t.match(counted, { code: 0, stdout: /^period,key,tokens,refusals,gap,sealed\r?\n[0-9-]{10},cli-consumer,\d+,\d+,,false\r?\n/ });
  t.match(await user.run(['stats', 'refusals', '--month', '2026-13', '--context', 'operator']), { code: 2 });
  t.match(await user.run(['audit', 'list', '--from', 'yesterday', '--context', 'operator']), { code: 2 });

  const keys = await user.run(['audit', 'keys', '--context', 'operator']);
  await writeFile(join(user.home, 'keys.json'), keys.stdout);
  t.match(await user.run(['audit', 'export', '--file', 'audit.ndjson', '--context', 'operator']), { code: 0, stdout: '' });
  await api.server.close();

  const verify = (file: string) => user.run(['audit', 'verify', file, '--keys', 'keys.json', '-o', 'json']);
  const good = await verify('audit.ndjson');
  t.equal(good.code, 0, good.stderr);
  const text = await readFile(join(user.home, 'audit.ndjson'), 'utf8');
  const lines = text.trimEnd().split('\n');
  const records = lines.filter((line) => !line.startsWith('{"checkpoint"')).length;
  t.match(JSON.parse(good.stdout), { records, checkpoints: lines.length - records, unsealed: 0, begins_after_checkpoint: 0 });

  const bent: Readonly<Record<string, string>> = {
    'a flipped byte': text.replace('"at":1', '"at":2'),
    'a swap': [lines[1], lines[0], ...lines.slice(2), ''].join('\n'),
    'a removal': [...lines.slice(0, 2), ...lines.slice(3), ''].join('\n'),
    'an insertion': [lines[0], lines[0], ...lines.slice(1), ''].join('\n'),
    'a cut tail': [...lines.slice(0, -1), ''].join('\n'),
    'a cut in a line': text.slice(0, -10),
    'another line end': text.replace('\n', '\r'),
    nothing: '',
  };
  for (const [what, changed] of Object.entries(bent)) {
    await writeFile(join(user.home, 'bent.ndjson'), changed);
    const ended = await verify('bent.ndjson');
    t.equal(ended.code, 11, `${what}: ${ended.stderr}`);
    t.equal(ended.stdout, '');
  }
  await appendFile(join(user.home, 'keys.json'), 'x');
  t.equal((await verify('audit.ndjson')).code, 8, 'keys that cannot be read');
});
