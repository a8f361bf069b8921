import { monthName } from '../../server/core/month.ts';
import type { AuditRecord } from '../audit-records.ts';
import type { ReadinessRow } from '../statistic-shapes.ts';
import { chartOf } from './chart.ts';
import type { Gathered } from './gathered.ts';
import { html, type Markup, share } from './markup.ts';
import { tableOf } from './table.ts';

/** Changes that have a row of their own. */
const SHOWN = 100;

/** Whether the server could be used, as it found itself. */
export function availabilitySection({ month, readiness: { months, days } }: Gathered): Markup {
  const name = monthName(month);
  const own = months.find(({ period }) => period === name);
  const columns = ['Period', 'Available', 'Ready, min', 'Disturbed, min', 'Not ready, min', 'Unknown, min'];
  return html`<section aria-labelledby="availability">
<h2 id="availability">Availability</h2>
<p>The server looks every 15 seconds whether it is ready. A minute counts as available when a look in it found it ready; it is disturbed when
another look, or another server, found it not. A minute that nobody saw counts as not available: no server ran, or what it saw was lost
with it.${own ? undefined : ' Of this month nothing was kept.'}</p>
${own ? html`<p class="figure">${available(own)}</p>` : undefined}
${days.length > 0 ? unavailableDays(days, name) : undefined}
${tableOf({ caption: 'Availability by month', columns, rows: months.map(rowOf), none: 'nothing was kept.' })}
${days.length > 0 ? flawedDays(days, { name, columns }) : undefined}
</section>
`;
}

function flawedDays(
  days: readonly ReadinessRow[],
  { name, columns }: { readonly name: string; readonly columns: string[] },
): Markup {
  const rows = days.filter(isFlawed).map(rowOf);
  return tableOf({ caption: `Days of ${name} that were not wholly ready`, columns, rows, none: 'none.' });
}

function rowOf(row: ReadinessRow): readonly (string | number)[] {
  return [row.period, available(row), row.ready, row.disturbed, row.not_ready, row.unknown];
}

function available({ ready, disturbed, not_ready, unknown }: ReadinessRow): string {
  return share(ready + disturbed, ready + disturbed + not_ready + unknown, 3);
}

function isFlawed({ disturbed, not_ready, unknown }: ReadinessRow): boolean {
  return disturbed + not_ready + unknown > 0;
}

function unavailableDays(days: readonly ReadinessRow[], name: string): Markup {
  const chart = chartOf({
    ...{ id: 'availability-days', title: `Minutes of each day of ${name} that were not available` },
    about: 'Bars for each day: minutes not ready, and minutes that nobody saw.',
    groups: days.map(({ period }) => period.slice(-2)),
    series: [
      { name: 'unknown', values: days.map(({ unknown }) => unknown) },
      { name: 'not ready', values: days.map(({ not_ready }) => not_ready) },
    ],
  });
  return html`<figure>
${chart}<figcaption>Minutes of each day that were not available</figcaption>
</figure>
`;
}

/** What was changed, as the audit has it. */
export function changesSection({ changes, names }: Gathered): Markup {
  return html`<section aria-labelledby="changes">
<h2 id="changes">Changes</h2>
${'found' in changes ? changesOf(changes.found, names) : notReadable('The changes are', changes.takes)}
</section>
`;
}

type Changes = { readonly records: readonly AuditRecord[]; readonly isCut: boolean };

function changesOf({ records, isCut }: Changes, names: Gathered['names']): Markup {
  const kinds = [...Map.groupBy(records, ({ type }) => type)].map(([type, same]) => [type, same.length] as const);
  const rows = records.slice(0, SHOWN).map(({ at, type, actor, subject = '' }) => {
    const who = actor.orgno === undefined ? 'the server' : [actor.orgno, names.get(actor.orgno)].filter(Boolean).join(' ');
    return [at.slice(0, 16).replace('T', ' '), type, subject, who];
  });
  const notice = isCut ? html`<p>There were more than ${records.length}: the newest are counted here.</p>` : undefined;
  const newest = records.length > SHOWN ? `The newest ${SHOWN} changes` : 'Changes, the newest first';
  return html`${notice}${tableOf({ caption: 'Changes by kind', columns: ['Kind', 'Changes'], rows: kinds, none: 'none.' })}
${tableOf({ caption: newest, columns: ['When, UTC', 'Kind', 'What', 'Who'], rows, none: 'none.' })}`;
}

/** What ends soon. */
export function endingsSection({ endings, names }: Gathered, days: number): Markup {
  return html`<section aria-labelledby="endings">
<h2 id="endings">Keys and certificates that end</h2>
${'found' in endings ? endingsOf(endings.found, names, days) : notReadable('What ends is', endings.takes)}
</section>
`;
}

type Endings = Extract<Gathered['endings'], { readonly found: unknown }>['found'];

function endingsOf(endings: Endings, names: Gathered['names'], days: number): Markup {
  const rows = endings.map(({ ends, kind, name, orgno = '' }) => [ends.slice(0, 10), kind, name, orgno, names.get(orgno) ?? '']);
  return tableOf({
    ...{ caption: `What ends within ${days} days of the making of this report`, rows, none: 'none.' },
    columns: ['Ends', 'Kind', 'What', 'Organisation', 'Name'],
  });
}

function notReadable(what: string, scope: string): Markup {
  return html`<p>${what} not shown: the client that made this report has no scope <code>${scope}</code>.</p>`;
}
