import t from 'tap';
import { closing } from '../../proving/closing.ts';

t.test('all that was opened is closed, the last first, also where one of it does not close', async (t) => {
  const closed: string[] = [];
  const close = (name: string, error?: Error) => async () => {
    closed.push(name);
    if (error) throw error;
  };
  const stubborn = new Error('does not close');
  const work = (end: () => string) =>
    closing(async (later) => {
      later(close('first'));
      later(close('second', stubborn));
      later(close('third'));
      return end();
    });
  await t.rejects(
    work(() => 'done'),
    stubborn,
  );
  t.same(closed.splice(0), ['third', 'second', 'first']);
  const failed = new Error('did not work');
  const fail = () => {
    throw failed;
  };
  await t.rejects(work(fail), { errors: [failed, stubborn], message: 'Error: did not work; Error: does not close' });
  t.same(closed.splice(0), ['third', 'second', 'first']);
  t.equal(await closing(async () => 'done'), 'done');
  await t.rejects(closing(fail), failed);
});
