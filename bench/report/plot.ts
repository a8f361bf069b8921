import type { Bars } from './outcome.ts';

const WIDTH = 720;
const NAME = 170;
const FIGURE = 70;
const ROW = 26;
const HEAD = 34;
const SPACE = 18;

/** Draws bars below each other, one chart for each figure, as an SVG that is readable on white and on black. @param caption below all */
export function plot(charts: readonly Bars[], caption: string): string {
  const heights = charts.map(({ bars }) => HEAD + bars.length * ROW + SPACE);
  const tops = heights.map((_, n) => heights.slice(0, n).reduce((sum, height) => sum + height, 0));
  const end = heights.reduce((sum, height) => sum + height, 0);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${end + 24}" font-family="system-ui, sans-serif" font-size="13" role="img">`,
    `<title>${escapeXml(charts.map(({ title }) => title).join('; '))}</title>`,
    '<style>text { fill: #1f2328 } .bar { fill: #2f6f9f } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .bar { fill: #6cb0e0 } }</style>',
    ...charts.flatMap((chart, n) => drawChart(chart, tops[n] ?? 0)),
    `<text x="0" y="${end + 12}" font-size="11">${escapeXml(caption)}</text>`,
    '</svg>',
    '',
  ].join('\n');
}

function drawChart({ title, digits, bars }: Bars, top: number): string[] {
  const longest = Math.max(...bars.map(({ figure }) => figure), Number.MIN_VALUE);
  return [
    `<text x="0" y="${top + 18}" font-weight="600">${escapeXml(title)}</text>`,
    ...bars.flatMap(({ name, figure }, n) => {
      const y = top + HEAD + n * ROW;
      const width = (figure / longest) * (WIDTH - NAME - FIGURE);
      return [
        `<text x="${NAME - 8}" y="${y + 14}" text-anchor="end">${escapeXml(name)}</text>`,
        `<rect class="bar" x="${NAME}" y="${y}" width="${width.toFixed(1)}" height="${ROW - 6}" rx="2"/>`,
        `<text x="${(NAME + width + 6).toFixed(1)}" y="${y + 14}">${figure.toFixed(digits)}</text>`,
      ];
    }),
  ];
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
