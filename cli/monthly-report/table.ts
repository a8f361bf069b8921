import { grouped, html, type Markup, type Part } from './markup.ts';

/** A table with its caption; the first cell of a row is its heading. Numbers stand to the right. */
export type ReportTable = {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (Part | number)[])[];
  /** What stands there in place of no rows. */
  readonly none?: string;
};

/** Writes a table that a screen reader can find its way in. WCAG 2.2, 1.3.1 */
export function tableOf({ caption, columns, rows, none = 'Nothing.' }: ReportTable): Markup {
  if (rows.length === 0) return html`<p>${caption}: ${none}</p>`;
  const numeric = columns.map((_, place) => rows.every((row) => typeof row[place] === 'number'));
  const heads = columns.map((column, place) => html`<th scope="col"${kind(numeric[place])}>${column}</th>`);
  return html`<div class="wide" tabindex="0" role="region" aria-label="${caption}">
<table>
<caption>${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${rows.map((row) => html`<tr>${row.map((cell, place) => cellOf(cell, place))}</tr>\n`)}</tbody>
</table>
</div>
`;
}

function cellOf(cell: Part | number, place: number): Markup {
  const shown = typeof cell === 'number' ? grouped(cell) : cell;
  if (place === 0) return html`<th scope="row">${shown}</th>`;
  return html`<td${kind(typeof cell === 'number')}>${shown}</td>`;
}

function kind(isNumber: boolean | undefined): Markup | undefined {
  return isNumber ? html` class="n"` : undefined;
}
