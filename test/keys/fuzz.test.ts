import t from 'tap';
import { fuzz, newFound } from '../../gates/fuzz-certificates.ts';

/** The short form of gate G9 as far as it is about certificates; `npm run gates -- G9` makes a million. */

const MUTANTS = 6000;

t.test(
  `G9 ${MUTANTS} mutated certificates, lists and answers: no crash, no hang, nothing accepted that was not signed`,
  async (t) => {
    const { failures, rules, longest } = fuzz({ seed: 1, from: 0, to: MUTANTS }, newFound());
    t.same(failures, []);
    t.ok(rules.size > 15, [...rules].map(([rule, count]) => `${rule} ${count}`).join(', '));
    t.ok((rules.get('accepted') ?? 0) > 50, 'and what its authority has signed gets through');
    t.comment(`the longest took ${longest.toFixed(1)} ms`);
  },
);

t.test('G9 a mutant comes again from its seed and number, whatever came before it', async (t) => {
  const rulesOf = (from: number, to: number) => fuzz({ seed: 7, from, to }, newFound()).rules;
  const whole = rulesOf(100, 200);
  const halves = [rulesOf(100, 150), rulesOf(150, 200)];
  for (const [rule, count] of whole) t.equal((halves[0]?.get(rule) ?? 0) + (halves[1]?.get(rule) ?? 0), count, rule);
});
