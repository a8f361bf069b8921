import t from 'tap';
import { charged, refunded, secondsToWait, shareOfLimits } from '../../server/core/limits.ts';
import { Meter } from '../../server/limits/meter.ts';
import { dividePlaces, Places } from '../../server/limits/places.ts';

const NOW = 1767225600;

t.test('PV-SEC-111 a minute’s worth may come at once, and comes back evenly', async (t) => {
  let whole = 0;
  for (let n = 0; n < 6; n++) {
    t.equal(secondsToWait(whole, NOW, 6), 0, `request ${n + 1}`);
    whole = charged(whole, NOW, 6);
  }
  t.equal(Math.round(secondsToWait(whole, NOW, 6)), 10);
  t.equal(secondsToWait(whole, NOW + 10, 6), 0);
  t.ok(secondsToWait(charged(whole, NOW + 10, 6), NOW + 10, 6) > 9, 'one came back, not two');
  t.equal(secondsToWait(refunded(whole, 6), NOW, 6), 0, 'what is taken back may be used again');
});

t.test('PV-SEC-027 a clock that is set back shuts nobody out', async (t) => {
  const whole = charged(0, NOW, 1);
  t.ok(secondsToWait(whole, NOW, 1) > 0);
  t.equal(secondsToWait(whole, NOW - 3600, 1), 0);
  t.ok(secondsToWait(charged(whole, NOW - 3600, 1), NOW - 3600, 1) > 0, 'and counting goes on from there');
});

t.test('PV-SEC-111 ten thousand addresses take no more room than there is, and who is over the limit stays so', async (t) => {
  const meter = new Meter(5, 256);
  for (let n = 0; n < 5; n++) meter.charge('used up', NOW);
  for (let n = 0; n < 10_000; n++) {
    meter.charge(`address ${n}`, NOW);
    if (n % 500 === 0) t.ok(meter.secondsToWait('used up', NOW) > 0, `after ${n}`);
  }
  t.equal(meter.size, 256);
  t.ok(meter.secondsToWait('used up', NOW) > 0, 'nobody resets another’s count by sending from many addresses');
  t.equal(meter.secondsToWait('a new one', NOW), 0, 'and nobody is shut out by a full table');
});

t.test('an allowance that is whole again makes room before any other', async (t) => {
  const meter = new Meter(60, 2);
  meter.charge('old', NOW);
  meter.charge('young', NOW + 59);
  for (let n = 0; n < 59; n++) meter.charge('young', NOW + 59);
  meter.charge('new', NOW + 59);
  t.ok(meter.secondsToWait('young', NOW + 59) > 0);
  t.equal(meter.size, 2);
});

t.test('PV-SEC-113 places are given in the order in which they were asked for, and one too many is refused', async (t) => {
  const places = new Places(1, 2);
  t.equal(places.enter(), undefined);
  const order: string[] = [];
  const first = places.enter()?.then(() => order.push('first'));
  const second = places.enter()?.then(() => order.push('second'));
  await t.rejects(places.enter() as Promise<void>, { code: 'PV-402', circumstances: { retryAfter: 1 } });
  places.leave();
  await first;
  t.same(order, ['first']);
  places.leave();
  await second;
  places.leave();
  t.equal(places.enter(), undefined);
  const { tokens, reserve } = dividePlaces(1, 1);
  t.equal(tokens.enter(), undefined);
  t.equal(reserve.enter(), undefined, 'the least there can be is one place each');
});

t.test('PV-SEC-113 who has waited too long is told to come again, and the place goes to the next', async (t) => {
  const places = new Places(1, 2, 20);
  t.equal(places.enter(), undefined);
  const waited = [places.enter(), places.enter()];
  for (const turn of waited) await t.rejects(turn as Promise<void>, { code: 'PV-402', circumstances: { retryAfter: 1 } });
  const next = places.enter();
  places.leave();
  await next;
  places.leave();
  t.equal(places.enter(), undefined, 'who gave up holds no place');
});

t.test('each of several workers admits its share, and at least one', async (t) => {
  t.same(shareOfLimits({ client: 7, concurrency: 1, queue: 100 }, 4), { client: 1, concurrency: 1, queue: 25 });
});
