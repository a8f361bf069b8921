import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { HELP, Misuse, readArguments } from '../../bench/arguments.ts';

t.test('the options have defaults and bounds', async (t) => {
  t.match(readArguments([]), {
    what: 'tokens',
    extent: { rounds: 4, tokens: 10_000, connections: 64, warmUp: 2_000 },
    delegations: 100_000,
    peers: true,
    output: 'table',
  });
  t.notOk('rate' in readArguments([]).extent, 'there is no open loop unless it is asked for');
  t.match(readArguments(['certificates']), { what: 'certificates', entries: 1_000_000 });
  t.match(readArguments(['--rounds', '9', '-o', 'json', '--no-peers', '--rate', '50']), {
    extent: { rounds: 9, rate: 50 },
    peers: false,
    output: 'json',
  });
});

t.test('an option of its own asks for each mode', async (t) => {
  t.match(readArguments(['--clients', '1000', '--grants', '5000']), { what: 'growth', growth: { clients: 1000, grants: 5000 } });
  t.match(readArguments(['--profile', 'x']), { what: 'profile', profile: 'x' });
  t.match(readArguments(['--slow-senders', '2000', '--rate', '40']), { what: 'slow-senders', senders: 2000, rate: 40 });
  t.match(readArguments(['--reloads', '10']), { what: 'reloads', reloads: 10, rate: 300 });
  t.match(readArguments(['--soak', '600']), { what: 'soak', soak: 600 });
  t.match(readArguments(['--nodes', '3']), { what: 'nodes', nodes: 3 });
  t.match(readArguments(['--audit', '1000']), { what: 'audit', records: 1000 });
  t.match(readArguments(['--start', '7']), { what: 'start', starts: 7 });
  t.match(readArguments(['--start', '7', '--clients', '10', '--grants', '10']), { what: 'start', growth: { clients: 10 } });
});

t.test('what cannot be followed is refused', async (t) => {
  for (const wrong of [
    ['--rounds', '0'],
    ['--tokens', '1e9'],
    ['--tokens', '50001'],
    ['--connections=-1'],
    ['-o', 'xml'],
    ['--fast'],
    ['x'],
    ['certificates', 'x'],
    ['certificates', '--entries', '0'],
    ['certificates', '--soak', '1'],
    ['--soak', '1', '--reloads', '1'],
    ['--clients', '1000'],
    ['--soak', '1', '--plot', 'x.svg'],
  ]) {
    t.throws(() => readArguments(wrong), Misuse, wrong.join(' '));
  }
});

t.test('a wrong option ends the program with 2 and the help', async (t) => {
  const program = join(import.meta.dirname, '../../bench/main.ts');
  const run = promisify(execFile)(process.execPath, [program, '--rounds', 'many']);
  await t.rejects(run, { code: 2, stdout: '', stderr: `✗ --rounds is a whole number from 1 to 1000, not many\n\n${HELP}\n` });
});
