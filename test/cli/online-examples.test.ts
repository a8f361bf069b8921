import t from 'tap';
import { everyCommand, isOnline, newReader, pathOf, ROLES } from './examples.ts';

// Each command is a process of its own, and many run here, one after the other.
t.setTimeout(200_000);

t.test('every example of the commands that ask the self-service API works as it stands, against dev', async (t) => {
  const commands = (await everyCommand()).filter(isOnline);
  const { tell, prepare, told } = await newReader(t, commands);
  await prepare(...ROLES.map((client) => `portvakt login --client ${client}`));
  await tell('portvakt login', 'portvakt expiring', 'portvakt scope create');
  await prepare(
    'portvakt scope create prove:vei.write --description "Endre veier"',
    'portvakt ask prove:inntekt.read prove:vei.write',
  );
  await tell(...commands.map(pathOf).filter((name) => !told.has(name) && name !== 'portvakt logout'));
  await tell('portvakt logout');
  t.same([...told].sort(), commands.map(pathOf).sort(), 'none was left out');
});
