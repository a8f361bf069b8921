import t from 'tap';
import { createLog, type LogLevel } from '../../server/telemetry/log.ts';
import { startTestServer } from '../token/server.ts';
import { WATCHED } from './watched.ts';

function logTo(level: LogLevel = 'info') {
  const lines: string[] = [];
  return { lines, log: createLog(level, (line) => lines.push(line)) };
}

t.test('PV-SEC-103 a line is one JSON object with fields from the list, whatever was given', async (t) => {
  const { lines, log } = logTo();
  const fields = { code: 'MP-100', status: 400, assertion: 'secret', password: 'secret', toJSON: () => 'secret', msg: 'secret' };
  log.info('refused', { ...fields, correlation_id: 'c' });
  log.error('failed', { detail: { deep: 'secret' } as never, error: 'e', stack: 's', issuer: 'i', duration_ms: 1.5 });
  const [first, second] = lines.map((line) => JSON.parse(line));
  t.same(Object.keys(first).sort(), ['code', 'correlation_id', 'level', 'msg', 'status', 'time']);
  t.equal(first.msg, 'refused');
  t.same(Object.keys(second).sort(), ['duration_ms', 'error', 'issuer', 'level', 'msg', 'stack', 'time']);
  t.notMatch(lines.join(''), /secret/);
});

t.test('PV-SEC-103 control characters are escaped, and no line is longer than 8 KiB', async (t) => {
  const nasty = [
    ['line feeds', '\r\n'],
    ['an escape sequence', '\u001b[2J'],
    ['a control character of the second kind', '\u009b\u0085\u007f'],
    ['separators that a reader takes for an end of line', '\u2028\u2029'],
    ['wide signs', '𝄞€'],
    ['half a pair', '\ud834'],
    ['quotes', '"\\'],
  ] as const;
  for (const [what, text] of nasty) {
    const { lines, log } = logTo();
    const long = text.repeat(3_000);
    log.error(long, { correlation_id: 'c'.repeat(32), code: 'PV-500', status: 500, detail: long, error: long, stack: long });
    t.equal(lines.length, 1);
    const [line = ''] = lines;
    t.ok(Buffer.byteLength(line) <= 8 * 1024, `${what}: ${Buffer.byteLength(line)} bytes`);
    t.notMatch(line.slice(0, -1), /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/, what);
    t.ok(JSON.parse(line), what);
  }
});

t.test('what is less than the level is not written', async (t) => {
  const { lines, log } = logTo('warn');
  log.info('a');
  log.warn('b');
  log.error('c');
  t.same(
    lines.map((line) => JSON.parse(line).msg),
    ['b', 'c'],
  );
});

t.test('a token has its line where the operator wants it, without a name', async (t) => {
  const quiet = await startTestServer(t);
  const telling = await startTestServer(t, { config: { operations: { ...WATCHED, logTokens: true } } });
  for (const server of [quiet, telling]) await server.ask(await server.assertion('demo-consumer', { scope: 'prove:bygg.read' }));
  const issued = ({ message }: { message: string }): boolean => message === 'issued';
  t.same(quiet.lines.filter(issued), []);
  const [line] = telling.lines.filter(issued);
  t.same(Object.keys(line?.fields ?? {}).sort(), ['correlation_id', 'duration_ms', 'status']);
});
