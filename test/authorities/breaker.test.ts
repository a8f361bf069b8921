import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { Breaker } from '../../server/authorities/breaker.ts';
import { HttpService, NoAnswer, Unasked, Unreachable } from '../../server/authorities/http-service.ts';
import { KeptAnswers } from '../../server/authorities/kept-answers.ts';

/** A breaker with a clock to turn, and questions to it. */
function breaking() {
  let now = 0;
  const breaker = new Breaker(() => now);
  const fails = async (error: Error) => {
    throw error;
  };
  return {
    after: (milliseconds: number) => {
      now += milliseconds;
    },
    ask: (answer: () => Promise<string>) => breaker.run(answer).catch((error: Error) => error.name),
    yes: async () => 'yes',
    gone: () => fails(new Unreachable('gone')),
    odd: () => fails(new NoAnswer('odd')),
    unasked: () => fails(new Unasked('too many questions are waiting')),
  };
}

t.test('a service that answered none of five questions is spared for five seconds, then one question tries', async (t) => {
  const { after, ask, yes, gone } = breaking();
  for (let n = 0; n < 5; n++) t.equal(await ask(gone), 'Unreachable');
  t.equal(await ask(yes), 'Paused');
  after(4_999);
  t.equal(await ask(yes), 'Paused');
  after(1);
  t.equal(await ask(gone), 'Unreachable', 'the trial');
  t.equal(await ask(yes), 'Paused', 'in vain: another pause');
  after(5_000);
  const trial = Promise.withResolvers<string>();
  const trying = ask(() => trial.promise);
  t.equal(await ask(yes), 'Paused', 'one at a time');
  trial.resolve('yes');
  t.equal(await trying, 'yes');
  for (let n = 0; n < 3; n++) t.equal(await ask(yes), 'yes');
});

t.test('only questions in vain in a row count, and an odd answer is an answer', async (t) => {
  const { ask, yes, gone, odd } = breaking();
  for (const answer of [yes, odd]) {
    for (let n = 0; n < 4; n++) await ask(gone);
    await ask(answer);
  }
  t.equal(await ask(gone), 'Unreachable');
  for (let n = 0; n < 10; n++) t.equal(await ask(odd), 'NoAnswer');
  t.equal(await ask(yes), 'yes');
});

t.test('a question that was never asked, because too many wait, says nothing about the service', async (t) => {
  const { ask, yes, gone, unasked } = breaking();
  for (let n = 0; n < 5; n++) {
    await ask(gone);
    t.equal(await ask(unasked), n < 4 ? 'Unasked' : 'Paused');
  }
  t.equal(await ask(yes), 'Paused');
});

t.test('at most 512 questions are under way or wait for a connection; what comes on top is refused at once', async (t) => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const service = new HttpService(`http://127.0.0.1:${(silent.address() as AddressInfo).port}/`);
  t.teardown(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const over = new AbortController();
  const ask = () => service.ask({ method: 'GET', path: '/', headers: {} }, over.signal).catch((error: Error) => error.name);
  const waiting = Array.from({ length: 512 }, ask);
  t.equal(await ask(), 'Unasked');
  over.abort();
  t.strictSame(new Set(await Promise.all(waiting)), new Set(['Unreachable']));
  await service.close();
});

t.test(
  'PV-SEC-072 answers are kept for their seconds and no longer, refusals never, and no more than there is room for',
  async (t) => {
    let now = 0;
    let asked = 0;
    const kept = new KeptAnswers(60, () => now);
    const ask = (question: string, answer: unknown) =>
      kept.answer(question, async () => {
        asked++;
        return answer;
      });
    t.equal(await ask('a', true), true);
    now = 59_999;
    t.equal(await ask('a', false), true, 'kept');
    now = 60_000;
    t.equal(await ask('a', false), false, 'no longer');
    t.equal(await ask('a', undefined), undefined, 'a refusal is not kept');
    t.equal(await ask('a', true), true, 'nor is nothing');
    for (let n = 0; n < 10_000; n++) await ask(`${n}`, true);
    asked = 0;
    await ask('a', true);
    t.equal(asked, 1, 'the oldest has gone');
    const never = new KeptAnswers(0, () => now);
    await never.answer('a', async () => true);
    t.equal(await never.answer('a', async () => false), false);
  },
);
