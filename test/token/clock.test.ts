import t from 'tap';
import { ClockWatch } from '../../server/clock.ts';
import { START } from './server.ts';

/** Both clocks in the test's hand, with what the watch logs. */
function watched() {
  const time = { wall: START, monotonic: 1000 };
  const warnings: string[] = [];
  const log = { info: () => {}, error: () => {}, warn: (message: string) => void warnings.push(message) };
  const watch = new ClockWatch({ now: () => time.wall }, log, () => time.monotonic);
  const pass = (seconds: number): void => {
    for (let second = 0; second < seconds; second += 5) {
      time.wall += 5;
      time.monotonic += 5;
      watch.look();
    }
  };
  return { time, watch, warnings, pass };
}

t.test('PV-SEC-027 a clock that runs straight is steady', async (t) => {
  const { watch, warnings, pass } = watched();
  pass(3600);
  t.ok(watch.steady());
  t.same(warnings, []);
});

t.test('PV-SEC-027 a jump of more than 30 seconds, either way, is logged and unsteady for a minute', async (t) => {
  for (const jump of [31, -31, 86400, -86400]) {
    const { time, watch, warnings, pass } = watched();
    time.wall += jump;
    pass(5);
    t.notOk(watch.steady(), `${jump} s`);
    t.same(warnings, ['the clock jumped']);
    pass(55);
    t.notOk(watch.steady());
    pass(10);
    t.ok(watch.steady());
  }
});

t.test('PV-SEC-027 a smear or a small correction is no jump', async (t) => {
  const { time, watch, warnings, pass } = watched();
  for (let step = 0; step < 10; step++) {
    time.wall -= 20;
    pass(5);
  }
  t.ok(watch.steady());
  t.same(warnings, []);
});

t.test('PV-SEC-031 nothing is surely past until the clock has been watched longer than an assertion can live', async (t) => {
  const { watch, pass } = watched();
  t.equal(watch.surelyPast(), undefined);
  pass(295);
  t.equal(watch.surelyPast(), undefined);
  pass(5);
  t.equal(watch.surelyPast(), START);
});

t.test(
  'PV-SEC-031 a step forward makes nothing past for as long as an assertion can live, a step back takes hold at once',
  async (t) => {
    const { time, watch, pass } = watched();
    pass(600);
    time.wall += 86400;
    pass(290);
    t.ok((watch.surelyPast() ?? 0) < START + 700);
    pass(20);
    t.ok((watch.surelyPast() ?? 0) > START + 86400);
    time.wall -= 86400;
    pass(5);
    t.ok((watch.surelyPast() ?? 0) < START + 1000);
  },
);
