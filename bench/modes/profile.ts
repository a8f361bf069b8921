import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Asked } from '../arguments.ts';
import { applyLoad } from '../load/closed-loop.ts';
import { readBusiest, topBySelfTime } from '../measures/cpu-profile.ts';
import { failuresOf, replay } from '../measures/replay.ts';
import type { Outcome } from '../report/outcome.ts';
import { table } from '../report/table.ts';
import { withPortvakt } from './one-portvakt.ts';

/** Functions that are told. */
const TOP = 10;

/** Runs a load with Node's profiler on in every process, and reads the profile of the busiest. @param tell hears of the progress. */
export async function measureProfile(asked: Asked, tell: (line: string) => void): Promise<Outcome> {
  const { extent, workers } = asked;
  const folder = resolve(asked.profile);
  await mkdir(folder, { recursive: true });
  const began = Date.now();
  const nodeOptions = ['--cpu-prof', `--cpu-prof-dir=${folder}`];
  const { errors, firstError, spent, failures } = await withPortvakt({ ...asked, nodeOptions }, async ({ target }) => {
    tell(`${extent.tokens} tokens, profiled`);
    const load = await applyLoad(await target.requests(extent.tokens), {
      port: target.server.port,
      connections: extent.connections,
    });
    const answered = await replay(target);
    return { ...load, spent: answered, failures: failuresOf({ ...target, ...load, replay: answered }) };
  });
  const { file, profile } = await readBusiest(folder, began);
  const top = topBySelfTime(profile, TOP);
  return {
    lines: [
      `${workers} workers, ${extent.warmUp} and ${extent.tokens} tokens, closed loop of ${extent.connections} connections; ${errors} errors, replay ${spent}`,
      `the profile of the busiest worker is ${file}`,
      '',
      ...table([
        ['FUNCTION', 'SELF ms', 'SHARE'],
        ...top.map(({ name, milliseconds, share }) => [name, milliseconds.toFixed(0), `${(share * 100).toFixed(1)} %`]),
      ]),
    ],
    json: {
      ...{ workers, tokens: extent.tokens, errors, first_error: firstError ?? null, replay: spent, file },
      items: top.map(({ name, milliseconds, share }) => ({ name, self_ms: milliseconds, share })),
    },
    failures,
  };
}
