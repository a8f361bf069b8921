import { type CatalogueEntry, catalogue, isFaultCode } from '../../server/core/catalogue.ts';
import { type Month, monthName } from '../../server/core/month.ts';
import { chartOf } from './chart.ts';
import type { Figure, Gathered, Usage } from './gathered.ts';
import { html, type Markup, share } from './markup.ts';
import { between, TOP, topOf, totalOf, yearsOf } from './ranking.ts';
import { tableOf } from './table.ts';

/** APIs with a plot of their own; the rest have a row. */
const PLOTTED = 8;

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const WHOSE = {
  everybody: { title: 'All APIs', about: 'Everything that was asked of this server.' },
  scopes: {
    title: 'Your APIs',
    about: 'What was asked of your scopes, by whomever. A token counts once for each of your scopes.',
  },
  own: { title: 'What you used', about: 'What was asked by your organisation, for it or on its behalf.' },
} as const;

/** Tokens and refusals from one point of view: by month and year, by API, by who asked, and why not. */
export function usageSection(usage: Usage, about: Pick<Gathered, 'month' | 'names'>): Markup {
  const { whose } = usage;
  return html`<section aria-labelledby="${whose}">
<h2 id="${whose}">${WHOSE[whose].title}</h2>
<p>${WHOSE[whose].about}</p>
${summary(usage, about.month)}${gapNotice(usage)}
${byMonth(usage.codes, { id: `${whose}-all`, title: 'Tokens by month', month: about.month })}
<h3>By API</h3>
${apis(usage, about.month)}
<h3>Who asked</h3>
${parties(usage.consumers, { caption: `${WHOSE[whose].title}: consumers with the most tokens`, ...about })}
${parties(usage.suppliers, { caption: `${WHOSE[whose].title}: suppliers with the most tokens`, ...about })}
<h3>Refusals</h3>
${refusals(usage, about.month)}
</section>
`;
}

function summary({ codes }: Usage, month: Month): Markup {
  const of = (at: Month) => totalOf(between(codes, at, at));
  const rows = [month, month - 1, month - 12]
    .filter((at) => at >= 0)
    .map((at) => [monthName(at), of(at).tokens, of(at).refusals]);
  return tableOf({
    caption: 'This month, the one before, and that of last year',
    columns: ['Month', 'Tokens', 'Refusals'],
    rows,
  });
}

function gapNotice({ gaps }: Usage): Markup | undefined {
  if (gaps.length === 0) return undefined;
  const told = { pruned: 'taken out of the audit before it was counted', late: 'it came after its month had been closed' };
  const items = gaps.map(({ period, reason }) => html`<li>${period}: ${told[reason as keyof typeof told] ?? reason}</li>\n`);
  return html`<div class="notice"><p><strong>Not everything is counted:</strong></p><ul>
${items}</ul></div>
`;
}

type Plot = { readonly id: string; readonly title: string; readonly month: Month };

function byMonth(figures: readonly Figure[], { id, title, month }: Plot): Markup {
  const years = yearsOf(figures, month);
  const chart = chartOf({
    ...{ id, title, groups: MONTHS, about: `Bars for each month, ${years.map(({ year }) => year).join(', ')} side by side.` },
    series: years.map(({ year, months }) => ({ name: `${year}`, values: months })),
  });
  const rows = MONTHS.map((name, place) => [name, ...years.map(({ months }) => months[place] ?? '–')]);
  return html`<figure>
${chart}<figcaption>${title}</figcaption>
</figure>
<details><summary>${title}: the numbers</summary>
${tableOf({ caption: title, columns: ['Month', ...years.map(({ year }) => `${year}`)], rows })}</details>
`;
}

function apis({ whose, scopes }: Usage, month: Month): Markup {
  const each = Map.groupBy(scopes, ({ key }) => key);
  const of = (key: string, first: Month, last: Month) => totalOf(between(each.get(key) ?? [], first, last));
  const january = Math.floor(month / 12) * 12;
  const ranked = topOf([...yearly(scopes, january, month)], Number.POSITIVE_INFINITY);
  const rows = ranked.map(({ key }) => [
    ...[html`<code>${key}</code>`, of(key, month, month).tokens, of(key, month - 1, month - 1).tokens],
    ...[of(key, month - 12, month - 12).tokens, of(key, january, month).tokens, of(key, january - 12, month - 12).tokens],
    of(key, month, month).refusals,
  ]);
  const columns = ['Scope', 'This month', 'Month before', 'Same month last year', 'This year', 'Last year to then', 'Refusals'];
  const plots = ranked
    .slice(0, PLOTTED)
    .map(({ key }, place) => byMonth(each.get(key) ?? [], { id: `${whose}-${place}`, title: key, month }));
  return html`${tableOf({ caption: 'Tokens by API', columns, rows, none: 'no tokens and no refusals this year or last.' })}
${plots}${ranked.length > PLOTTED ? html`<p>The ${PLOTTED} most used of ${ranked.length} are plotted.</p>` : undefined}`;
}

/** A figure for each scope: what it came to this year, or last year to the same month. */
function* yearly(scopes: readonly Figure[], january: Month, month: Month): Generator<Figure> {
  for (const [key, figures] of Map.groupBy(between(scopes, january - 12, month), ({ key }) => key))
    yield { key, month, ...totalOf(between(figures, january, month)) };
}

type Parties = { readonly caption: string } & Pick<Gathered, 'month' | 'names'>;

function parties(figures: readonly Figure[], { caption, names }: Parties): Markup {
  const whole = totalOf(figures);
  const top = topOf(figures, TOP);
  const rest = figures.filter(({ key }) => key !== '').length - top.length;
  const rows = top.map(({ key, tokens, refusals }) => [
    ...[key, names.get(key) ?? '', tokens, share(tokens, whole.tokens), refusals],
  ]);
  const columns = ['Organisation', 'Name', 'Tokens', 'Share', 'Refusals'];
  return html`${tableOf({ caption, columns, rows, none: 'none.' })}${rest > 0 ? html`<p>And ${rest} more.</p>` : undefined}`;
}

function refusals({ codes }: Usage, month: Month): Markup {
  const of = (key: string, at: Month) => totalOf(between(codes, at, at).filter((figure) => figure.key === key)).refusals;
  const all = totalOf(between(codes, month, month)).refusals;
  const seen = between(codes, month, month).filter(({ key, refusals }) => key !== '' && refusals > 0);
  const rows = seen
    .toSorted((one, other) => other.refusals - one.refusals)
    .map(({ key, refusals }) => [key, reason(key), refusals, share(refusals, all), of(key, month - 1)]);
  const columns = ['Code', 'Why', 'Refusals', 'Share', 'Month before'];
  return tableOf({ caption: 'Refusals by reason', columns, rows, none: 'none.' });
}

function reason(code: string): string {
  const entry: CatalogueEntry | undefined = isFaultCode(code) ? catalogue[code] : undefined;
  return entry?.cause ?? '';
}
