import picocolors from 'picocolors';

/** Functions that colour text, or leave it as it is. */
export type Colors = ReturnType<typeof picocolors.createColors>;

export const COLOR_CHOICES = ['auto', 'always', 'never'] as const;
export type ColorChoice = (typeof COLOR_CHOICES)[number];

/** Colours for a stream: as the flag says, else `NO_COLOR` and `FORCE_COLOR`, else only on a terminal. https://no-color.org */
export function colorsFor(stream: { readonly isTTY?: boolean }, choice: ColorChoice): Colors {
  return picocolors.createColors(choice === 'auto' ? wantsColor(stream, process.env) : choice === 'always');
}

function wantsColor({ isTTY }: { readonly isTTY?: boolean }, { NO_COLOR, FORCE_COLOR, TERM }: NodeJS.ProcessEnv): boolean {
  if (NO_COLOR) return false;
  if (FORCE_COLOR) return FORCE_COLOR !== '0';
  return isTTY === true && TERM !== 'dumb';
}
