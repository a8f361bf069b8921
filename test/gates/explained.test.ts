import t from 'tap';
import { compare } from '../../gates/explained/gate.ts';

t.setTimeout(90_000);

t.test(
  'explanations before and after say what the token endpoint says, over generated requests (user experience §7)',
  async (t) => {
    const { answers, failures } = await compare({ seed: 1, from: 0, to: 150 });
    t.same(failures, []);
    t.ok(answers.size > 15, `${answers.size} kinds of answers`);
    t.ok((answers.get('token') ?? 0) > 20, 'tokens are among them');
    t.ok((answers.get('MP-012') ?? 0) > 10, 'and replays');
  },
);
