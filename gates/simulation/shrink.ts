import { type Divergence, run, type Setting } from './run.ts';
import type { Schedule } from './schedule.ts';
import type { Changing, Request, Step } from './step.ts';

/** A schedule that parts system and model, and where. */
export type Found = { readonly schedule: Schedule; readonly divergence: Divergence };

/**
 * Leaves out of a schedule whatever it still diverges without: half of its steps at a time, then fewer, at last what is said of one
 * step. So what is told of is mostly three or four steps long.
 */
export async function shrink(found: Found, setting: Setting): Promise<Found> {
  let least = cut(found);
  for (let size = least.schedule.steps.length >> 1; size >= 1; size >>= 1) {
    for (let from = 0; from < least.schedule.steps.length; ) {
      const smaller = await tried(least, least.schedule.steps.toSpliced(from, size), setting);
      if (smaller) least = smaller;
      else from += size;
    }
  }
  for (let place = 0; place < least.schedule.steps.length; place++) {
    for (const simpler of simplerThan(least.schedule.steps[place] as Step)) {
      least = (await tried(least, least.schedule.steps.toSpliced(place, 1, simpler), setting)) ?? least;
    }
  }
  return least;
}

async function tried({ schedule: { world } }: Found, steps: readonly Step[], setting: Setting): Promise<Found | undefined> {
  const schedule = { world, steps };
  const divergence = await run(schedule, { ...setting });
  return divergence && cut({ schedule, divergence });
}

/** What comes behind the divergence has no part in it. */
function cut({ schedule: { world, steps }, divergence }: Found): Found {
  return { schedule: { world, steps: steps.slice(0, divergence.place + 1) }, divergence };
}

/** The step with one thing less. */
function simplerThan(step: Step): readonly Step[] {
  if (step.kind === 'together') {
    const fewer = step.all.map((_, place) => ({ ...step, all: step.all.toSpliced(place, 1) }));
    return step.all.length > 1 ? fewer : step.all.map((only) => ({ at: step.at, ...only }));
  }
  if (step.kind !== 'request' && step.kind !== 'change') return [];
  const plain: Record<string, unknown> = { ...step };
  const extras = ['fault', 'slow', 'mood'].filter((name) => name in plain);
  return extras.map((name) => ({ at: step.at, ...(without(plain, name) as Request | Changing) }));
}

function without(step: Readonly<Record<string, unknown>>, name: string): object {
  const { [name]: _, ...rest } = step;
  return rest;
}
