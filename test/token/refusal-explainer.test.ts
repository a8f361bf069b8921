import t from 'tap';
import type { Refusal } from '../../server/core/explain-refusal.ts';
import { Fault } from '../../server/core/fault.ts';
import type { KeptExplanation } from '../../server/core/kept-explanation.ts';
import { createMeasures } from '../../server/core/measures.ts';
import type { LogFields } from '../../server/core/ports.ts';
import { StoreUnavailable } from '../../server/core/ports.ts';
import { RefusalExplainer } from '../../server/refusal-explainer.ts';

/** An explainer on a store that keeps nothing for long, and a clock that stands still until it is turned. */
function make(add: (kept: readonly KeptExplanation[]) => Promise<void> = async () => {}, perSecond = 1_000) {
  const kept: KeptExplanation[] = [];
  const commits: number[] = [];
  const lines: { message: string; fields?: LogFields | undefined }[] = [];
  const write = (message: string, fields?: LogFields) => void lines.push({ message, fields });
  const measures = createMeasures();
  const time = { now: 0 };
  const explainer = new RefusalExplainer({
    explanations: {
      add: async (batch) => {
        commits.push(batch.length);
        await add(batch);
        kept.push(...batch);
      },
    },
    ...{ measures, perSecond, monotonic: () => time.now },
    log: { info: write, warn: write, error: write },
  });
  return { explainer, kept, commits, lines, counts: measures.explanations, time };
}

const refusal = (number: number): Refusal => ({
  ...{ correlationId: `${number}`.padStart(32, '0'), at: 1, fault: new Fault('PV-010') },
});

t.test('a refusal is kept after it has been noted, not while', async (t) => {
  const { explainer, kept, counts } = make();
  explainer.note(refusal(1));
  t.same(kept, []);
  await explainer.settled();
  t.match(kept, [{ id: `${1}`.padStart(32, '0'), code: 'PV-010', isProven: false }]);
  t.match(counts, { kept: 1, busy: 0, failed: 0 });
  await explainer.close();
});

t.test('PV-SEC-104 of 10,000 refusals at once few wait, and the rest is counted and told', async (t) => {
  const { explainer, kept, commits, lines, counts } = make();
  for (let number = 0; number < 10_000; number++) explainer.note(refusal(number));
  await explainer.close();
  t.equal(kept.length, 64);
  t.ok(commits.length <= 2, 'in one commit or two');
  t.match(counts, { kept: 64, busy: 9_936, failed: 0 });
  t.same(lines, [{ message: 'refusals are not explained', fields: { detail: '9936 too many' } }]);
});

t.test('in a second so many are explained and no more, however evenly they come', async (t) => {
  const { explainer, kept, time } = make(undefined, 50);
  for (let number = 0; number < 40; number++) {
    explainer.note(refusal(number));
    await explainer.settled();
  }
  t.equal(kept.length, 10, 'a fifth of it is for what nobody has proven to have sent');
  time.now += 0.5;
  for (let number = 40; number < 80; number++) {
    explainer.note(refusal(number));
    await explainer.settled();
  }
  t.equal(kept.length, 15);
  await explainer.close();
});

t.test('a store that takes nothing costs the explanations alone, and they are counted', async (t) => {
  const broken = { is: true };
  const { explainer, kept, counts, lines } = make(async () => {
    if (broken.is) throw new StoreUnavailable('full');
  });
  explainer.note(refusal(1));
  await explainer.settled();
  t.match(counts, { kept: 0, failed: 1 });
  t.match(lines, [{ message: 'refusals are not explained', fields: { error: 'StoreUnavailable: full' } }]);
  broken.is = false;
  explainer.note(refusal(2));
  await explainer.settled();
  t.equal(kept.length, 1);
  await explainer.close();
});

t.test('whoever waits for what was noted does not wait for what comes meanwhile', async (t) => {
  const { explainer, kept } = make();
  let number = 0;
  const flood = setInterval(() => explainer.note(refusal(number++)), 0);
  explainer.note(refusal(number++));
  await explainer.settled();
  t.ok(kept.length >= 1);
  clearInterval(flood);
  await explainer.close();
});
