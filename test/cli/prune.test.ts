import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { exportAudit } from './exported.ts';
import { newUser, type User } from './portvakt.ts';

// Each command is a process of its own.
t.setTimeout(120_000);

/** A host whose store has some audit, and an export of it. */
async function host(t: Test): Promise<User> {
  const user = await newUser(t);
  t.equal((await user.run(['init', '--issuer', 'http://localhost:7300/'])).code, 0);
  t.equal((await user.run(['serve', '--check'])).code, 0, 'which makes the keys');
  await exportAudit(user.home);
  return user;
}

t.test('db prune takes out what an export holds, and nothing that it does not prove', async (t) => {
  const user = await host(t);
  const prune = (...args: readonly string[]) => user.run(['db', 'prune', '--audit', 'audit.ndjson', '-o', 'json', ...args]);
  const tried = await prune('--dry-run');
  t.equal(tried.code, 0, tried.stderr);
  t.match(JSON.parse(tried.stdout), { removed: 0, dry_run: true });
  t.match(await prune(), { code: 2, stdout: '' }, 'it asks, and there is nobody to ask');
  const text = await readFile(join(user.home, 'audit.ndjson'), 'utf8');
  await writeFile(join(user.home, 'audit.ndjson'), text.replace('"at":3', '"at":4'));
  t.match(await prune('--yes'), { code: 11, stdout: '' }, 'a file that was bent');
  await writeFile(join(user.home, 'audit.ndjson'), text);
  const done = await prune('--yes');
  t.equal(done.code, 0, done.stderr);
  const { removed, last_sequence } = JSON.parse(done.stdout);
  t.equal(removed, last_sequence);
  t.ok(removed >= 5);
  t.equal(JSON.parse((await prune('--yes')).stdout).removed, 0, 'once more, nothing goes');
});

t.test("another store's export takes nothing out", async (t) => {
  const [one, other] = await Promise.all([host(t), host(t)]);
  await writeFile(join(one.home, 'audit.ndjson'), await readFile(join(other.home, 'audit.ndjson')));
  const ended = await one.run(['db', 'prune', '--audit', 'audit.ndjson', '--yes']);
  t.equal(ended.code, 11);
  t.match(ended.stderr, /not among the keys given/);
});
