import t from 'tap';
import { chanceOf } from '../../gates/chance.ts';
import { mutateJson } from '../../gates/mutate-json.ts';

const SOURCE = JSON.stringify({ iss: 'a', aud: ['b', 'c'], iat: 1, exp: 61, more: { x: [1, { y: 'z' }] } });

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

t.test('changes come again from their seed, nearly all of them differ, and most are JSON still', (t) => {
  const mutants = Array.from({ length: 500 }, (_, number) => mutateJson(SOURCE, chanceOf(1, number)));
  t.same(
    mutants,
    Array.from({ length: 500 }, (_, number) => mutateJson(SOURCE, chanceOf(1, number))),
  );
  t.ok(new Set(mutants).size > 400, `${new Set(mutants).size} of them differ`);
  const sound = mutants.filter(parses).length;
  t.ok(sound > 350 && sound < 500, `${sound} are JSON`);
  t.ok(
    mutants.some((text) => (text.match(/"iss"/g) ?? []).length === 2),
    'some say a thing twice',
  );
  t.end();
});
