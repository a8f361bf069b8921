import { type MadeUpWorld, makeWorld } from '../fixtures/made-up-world.ts';

let made: Promise<MadeUpWorld> | undefined;

/** The made-up world with its keys, the same for every server of one run. */
export function worldOfRun(): Promise<MadeUpWorld> {
  made ??= makeWorld({ now: Date.now() / 1000 });
  return made;
}
