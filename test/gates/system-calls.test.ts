import t from 'tap';
import { traceOf } from '../../gates/system-calls.ts';

const DB = '/data/portvakt.db';
const WAL = `${DB}-wal`;
const ANSWER = 'write(25<socket:[9]>, "HTTP/1.1 200 OK\\r"..., 900) = 900';
const write = (offset: number, path = WAL): string => `pwrite64(21<${path}>, "\\0\\1, 2"..., 4096, ${offset}) = 4096`;
const sync = (path = WAL, result = '0'): string => `fdatasync(21<${path}>) = ${result}`;
const trace = (...lines: readonly string[]) => traceOf(`${lines.join('\n')}\n`, DB);

t.test('an answer behind the sync of what its process wrote is in time, and one before it is early', (t) => {
  t.match(trace(`7 ${write(0)}`, `7 ${sync()}`, `7 ${ANSWER}`), { syncs: 1, answers: 1, early: 0, unsynced: [] });
  t.match(trace(`7 ${write(0)}`, `7 ${ANSWER}`, `7 ${sync()}`), { answers: 1, early: 1, unsynced: [] });
  t.match(
    trace(`7 ${write(0)}`, `8 ${ANSWER}`),
    { answers: 1, early: 0 },
    "another process's answer rests on nothing of this one",
  );
  t.match(
    trace(`7 ${write(0)}`, `7 ${sync(WAL, '-1 EIO')}`, `7 ${ANSWER}`),
    { syncs: 0, early: 1 },
    'a sync that failed is none',
  );
  t.match(trace(`7 ${write(0)}`, `7 ${sync(DB)}`, `7 ${ANSWER}`), { early: 1 }, 'nor is that of another file');
  t.match(trace(`7 ${write(0)}`, `7 write(25<socket:[9]>, "HTTP/1.1 503 Ser"..., 9) = 9`), { answers: 0, early: 0 });
  t.end();
});

t.test('a write is unsynced until a sync that began after it is over, in whichever process', (t) => {
  const written = { path: WAL, offset: 0, length: 4096 };
  t.same(trace(`7 ${write(0)}`).unsynced, [written]);
  t.same(trace(`7 ${write(0)}`, `8 ${sync()}`).unsynced, []);
  t.same(trace(`7 ${write(0, '/data/other')}`).unsynced, [], 'other files are nobody’s business');
  const interrupted = [`8 fdatasync(21<${WAL}> <unfinished ...>`, `7 ${write(0)}`, '8 <... fdatasync resumed>) = 0'];
  t.match(trace(...interrupted), { syncs: 1, unsynced: [written] }, 'one that had begun before does not cover it');
  t.same(trace(`7 pwrite64(21<${WAL}>, "x"..., 4096, 0 <unfinished ...>`, '7 +++ killed by SIGKILL +++').unsynced, [written]);
  t.end();
});
