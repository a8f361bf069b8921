import t from 'tap';
import { shutTheMemory } from '../../cli/operator/hardening.ts';

const { NODE_OPTIONS: before } = process.env;
t.afterEach(() => {
  process.env.NODE_OPTIONS = before;
});

t.test('PV-SEC-096 a flag that shows memory is found however it is written, and where it can be', async (t) => {
  for (const options of [
    '--inspect',
    '--inspect-brk=0',
    '--inspect_wait=127.0.0.1:9229',
    '"--heapsnapshot-signal=SIGUSR2"',
    '--max-old-space-size=512  --heapsnapshot_near_heap_limit=2',
    '--abort_on_uncaught_exception',
    '--experimental-config-file=node.json',
    '--experimental-default-config-file',
  ]) {
    process.env.NODE_OPTIONS = options;
    t.throws(() => shutTheMemory('production'), { name: 'Failure', exit: 'config', message: /would show the memory/ }, options);
    t.equal(shutTheMemory('test'), undefined, 'on a server for tests it is allowed');
  }
});

t.test('PV-SEC-096 without one it starts, and what cannot be shut is said', async (t) => {
  process.env.NODE_OPTIONS = '--max-old-space-size=512 --enable-source-maps';
  const unshut = shutTheMemory('production');
  if (unshut === undefined) t.pass('cores hold no memory, or none are written');
  else t.match(unshut, /ulimit -c 0, or LimitCORE=0/);
});
