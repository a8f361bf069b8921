import t from 'tap';
import { type Change, type Decision, judge } from '../../gates/history/history.ts';

const change = (gives: boolean, began: number, ended: number, node = 0): Change => ({
  ...{ subject: 'access', gives, node, began, ended },
});
const decision = (token: boolean, began: number, node = 0, ended = began + 10): Decision => ({
  ...{ subject: 'access', token, node, began, ended },
});
const GIVEN = change(true, 0, 10);
const WITHDRAWN = change(false, 100, 120);
const anomalies = (decisions: readonly Decision[], changes: readonly Change[] = [GIVEN, WITHDRAWN]) =>
  judge({ changes, decisions }).anomalies;

t.test('G14 a history that has an order is found to have one', async (t) => {
  t.same(anomalies([decision(true, 20), decision(true, 50, 1), decision(false, 130), decision(false, 2_000, 2)]), []);
  t.same(anomalies([decision(true, 95), decision(false, 95)]), [], 'what meets the change may see either');
  t.same(anomalies([decision(true, 110), decision(true, 119)]), [], 'until it is acknowledged');
  t.same(anomalies([decision(true, 1_120, 1)]), [], 'another node may not know for a second');
  const crossing = [change(true, 0, 10), change(false, 100, 200, 1), change(true, 150, 250, 2)];
  t.same(anomalies([decision(true, 300), decision(false, 300)], crossing), [], 'of two at once either may be the last');
});

t.test('G14 a token after the acknowledgement is found: at the node that took the change at once', async (t) => {
  t.match(anomalies([decision(true, 121)]), [
    /^node 0 gave a token for access 1 ms after it had acknowledged the contrary itself$/,
  ]);
  t.match(anomalies([decision(false, 11)], [change(false, 0, 1), change(true, 5, 10)]), [/^node 0 refused access 1 ms after/]);
});

t.test('G14 a token after the acknowledgement is found: at another node when a second has passed', async (t) => {
  t.match(anomalies([decision(true, 1_121, 1)]), [/^node 1 gave a token for access 1001 ms after the contrary had been/]);
  t.match(anomalies([decision(false, 2_000, 1)], [change(false, 0, 1), change(true, 5, 10)]), [/^node 1 refused access 1990 ms/]);
});

t.test('G14 a token is found that rests on what comes later, or on another subject', async (t) => {
  const later = [change(false, 0, 10), change(true, 500, 510)];
  t.match(anomalies([decision(true, 100)], later), [/for no reason/, /for no reason/]);
  t.match(anomalies([{ ...decision(true, 50), subject: 'delegation' }]), [
    /delegation for no reason/,
    /delegation for no reason/,
  ]);
});

t.test('G14 a change is not undone by one that was over before it began', async (t) => {
  const history = [GIVEN, change(false, 100, 120, 1), change(true, 130, 140, 2), change(false, 150, 160, 1)];
  t.match(anomalies([decision(true, 1_200, 1)], history), [/1040 ms after it had/, /1040 ms after the contrary/]);
  t.equal(judge({ changes: history, decisions: [decision(true, 700)] }).longest, 540, 'and how long it was unknown is told');
});
