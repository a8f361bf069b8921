import { join } from 'node:path';
import t from 'tap';
import { installWorld } from '../../fixtures/world.ts';
import { mutantOf } from '../../gates/bodies/mutant.ts';
import { differences, readOthers } from '../../gates/bodies/others.ts';
import { organizationNumber, samplesOf } from '../../gates/bodies/samples.ts';
import { CLOSED, MEMBER, OWN, worldOfBodies } from '../../gates/bodies/world.ts';
import { chanceOf } from '../../gates/chance.ts';
import { worldOfRun } from '../../proving/made-world.ts';
import { isNorwegianNumber } from '../../server/core/organization.ts';
import type { Changes } from '../../server/core/ports.ts';
import { openStorage } from '../../server/storage/open.ts';

const NOW = 1_767_225_600;

t.test('G9 sees a change of what is somebody else’s, and none in what one’s own change comes to', async (t) => {
  const file = join(t.testdir(), 'portvakt.db');
  const storage = await openStorage(file);
  t.teardown(() => storage.close());
  const { world } = await worldOfRun();
  const installation = { now: NOW, correlationId: '0'.repeat(32), issuer: 'http://localhost:7300/' };
  await installWorld(worldOfBodies(world, NOW), storage, installation);
  const seen = async (change: (changes: Changes) => Promise<void>): Promise<string[]> => {
    const before = readOthers(file, MEMBER, NOW);
    await storage.transaction(change);
    return differences(before, readOthers(file, MEMBER, NOW)).map((sentence) => sentence.split(' is ')[0] ?? '');
  };
  const times = { created: NOW, lastUpdated: NOW };
  const describe = (name: string) => async (changes: Changes) => {
    const scope = await changes.scopes.find(name);
    if (scope) await changes.scopes.put({ ...scope, accessibleForAll: !scope.accessibleForAll });
  };
  const access = (state: 'REQUESTED' | 'APPROVED') => (changes: Changes) =>
    changes.accesses.put({ scope: CLOSED, consumerOrgno: MEMBER, state, ...times });
  t.same(await seen(describe(OWN.scope)), []);
  t.same(await seen(describe(CLOSED)), ['scopes: gone', 'scopes: new']);
  t.same(await seen(access('REQUESTED')), [], 'it may ask for access');
  t.same(await seen(access('APPROVED')), ['accesses: new'], 'and not grant it');
});

t.test('G9 changes bodies by chance that comes again, and leaves some as they are', async (t) => {
  const samples = await samplesOf(await worldOfRun(), NOW);
  const sample = samples.get('PUT /scopes');
  if (!sample) return t.fail('no body for PUT /scopes');
  const made = (number: number) => mutantOf('PUT', sample, { next: chanceOf(1, number), number });
  const mutants = Array.from({ length: 300 }, (_, number) => made(number));
  t.same(
    mutants,
    mutants.map((_, number) => made(number)),
  );
  const sound = mutants.filter(({ body }, number) => body.toString() === JSON.stringify(sample.body(number)));
  t.ok(sound.length > 5 && sound.length < 60, `${sound.length} are as they were`);
  t.ok(mutants.some(({ isForeign }) => isForeign));
  t.ok(mutants.some(({ headers }) => headers['If-Match'] === undefined));
});

t.test('G9 makes organisation numbers that are some', (t) => {
  const sound = Array.from({ length: 100 }, (_, number) => organizationNumber(number)).filter(isNorwegianNumber);
  t.ok(sound.length >= 85, `${sound.length} of 100: where there is no check digit, there is no number`);
  t.end();
});
