import { grouped, html, type Markup } from './markup.ts';

/** Bars side by side in groups, such as years within months. The same numbers belong in a table beside it. */
export type Chart = {
  /** Names it in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows, in a sentence. */
  readonly about: string;
  readonly groups: readonly string[];
  /** The last one stands out. A number that is not known is undefined. */
  readonly series: readonly { readonly name: string; readonly values: readonly (number | undefined)[] }[];
};

/** Of the plot, in units of the picture. */
const [WIDTH, HEIGHT, LEFT, TOP, BOTTOM] = [760, 260, 90, 34, 28];
const FLOOR = HEIGHT - BOTTOM;

/** The last is the darkest: they can be told apart without colours, too. At least 3:1 against white. WCAG 2.2, 1.4.11 */
const FILLS = ['#8a8f98', '#b86200', '#0b3d91'];

/** Draws a chart as SVG with a title and a description. */
export function chartOf({ id, title, about, groups, series }: Chart): Markup {
  const top = roundUp(Math.max(1, ...series.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const fills = FILLS.slice(-series.length);
  return html`<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="${id}-title ${id}-about">
<title id="${id}-title">${title}</title>
<desc id="${id}-about">${about}</desc>
${[0, 0.25, 0.5, 0.75, 1].map((part) => lineAt(part, top))}${groups.map((group, place) => groupOf(group, place, { groups, series, top, fills }))}${series.map(({ name }, place) => legend(name, place, fills[place]))}</svg>
`;
}

type Drawing = Pick<Chart, 'groups' | 'series'> & { readonly top: number; readonly fills: readonly string[] };

function groupOf(group: string, place: number, { groups, series, top, fills }: Drawing): Markup {
  const wide = (WIDTH - LEFT) / groups.length;
  const bar = (wide * 0.8) / series.length;
  const left = LEFT + place * wide + wide * 0.1;
  const bars = series.map(({ values }, number) => {
    const tall = ((values[place] ?? 0) / top) * (FLOOR - TOP);
    if (tall === 0) return undefined;
    return html`<rect x="${fixed(left + number * bar)}" y="${fixed(FLOOR - tall)}" width="${fixed(bar - 1)}" height="${fixed(tall)}" fill="${fills[number]}"/>`;
  });
  return html`${bars}<text x="${fixed(left + wide * 0.4)}" y="${FLOOR + 18}" text-anchor="middle">${group}</text>
`;
}

function lineAt(part: number, top: number): Markup {
  const y = fixed(FLOOR - part * (FLOOR - TOP));
  return html`<path d="M${LEFT} ${y}H${WIDTH}" stroke="#c4c8ce"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${grouped(Math.round(top * part))}</text>
`;
}

function legend(name: string, place: number, fill: string | undefined): Markup {
  const x = LEFT + place * 110;
  return html`<rect x="${x}" y="6" width="14" height="14" fill="${fill}"/><text x="${x + 20}" y="18">${name}</text>
`;
}

function fixed(number: number): string {
  return number.toFixed(1);
}

/** The next of 1, 2, 4 and 8 by powers of ten, so that a quarter of it is a round number where it can be. */
function roundUp(number: number): number {
  const power = 10 ** Math.floor(Math.log10(number));
  const step = [1, 2, 4, 8, 10].find((step) => step * power >= number) ?? 10;
  return Math.max(step * power, 4);
}
