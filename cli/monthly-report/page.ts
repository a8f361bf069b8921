import { createHash } from 'node:crypto';
import { monthName } from '../../server/core/month.ts';
import { rfc3339 } from '../moment.ts';
import { DAYS_AHEAD } from './gather.ts';
import type { Gathered } from './gathered.ts';
import { html, Markup } from './markup.ts';
import { availabilitySection, changesSection, endingsSection } from './server-sections.ts';
import { usageSection } from './usage-section.ts';

const STYLE = `
:root{color-scheme:light}
body{font:1rem/1.5 system-ui,sans-serif;color:#1b1f24;background:#fff;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.9rem;margin-bottom:.2rem}h2{margin-top:3rem;border-bottom:2px solid #0b3d91;padding-bottom:.2rem}
a{color:#0b3d91}code{font-size:.95em;overflow-wrap:anywhere}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:1rem 0 .3rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-top:1px solid #c4c8ce;overflow-wrap:anywhere}
thead th{border-top:0;border-bottom:2px solid #8a8f98}tbody th{font-weight:400}
.n{text-align:right;white-space:nowrap}.wide{overflow-x:auto}
.notice{border-left:6px solid #b86200;background:#fff6ea;padding:.4rem 1rem;margin:1rem 0}
.figure{font-size:2rem;font-weight:600;margin:.5rem 0}
figure{margin:1.5rem 0 .5rem}figcaption{color:#4a5058}svg{width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:#1b1f24}
summary{cursor:pointer;padding:.3rem 0}:focus-visible{outline:3px solid #0b3d91;outline-offset:2px}
footer{margin-top:3rem;border-top:1px solid #c4c8ce;color:#4a5058}
@media print{body{max-width:none;margin:0}figure,table{break-inside:avoid}}
`;

/** What a browser may do with the page, wherever it lies: show it, in its own style. There are no scripts, and nothing is fetched. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

/** The report as one file that needs nothing besides. */
export function reportPage(gathered: Gathered): string {
  const { month, server, now, usages } = gathered;
  const title = `Service report ${monthName(month)}`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<header>
<h1>${title}</h1>
<p>${server}</p>
${standing(gathered)}
</header>
<main>
${usages.map((usage) => usageSection(usage, gathered))}${availabilitySection(gathered)}${changesSection(gathered)}${endingsSection(gathered, DAYS_AHEAD)}</main>
<footer><p>Made ${rfc3339(now)} by Portvakt; tokens and refusals are counted from the audit and nothing else. Months and days are of UTC.</p></footer>
</body>
</html>
`;
  return page.text;
}

/** How far the figures can be relied upon. */
function standing({ standing: { state, sealed, digest }, now }: Gathered): Markup {
  if (state === 'running')
    return html`<div class="notice"><p><strong>Until now:</strong> the month has not ended. Everything here is what there was at ${rfc3339(now)}.</p></div>`;
  if (state !== 'sealed')
    return html`<div class="notice"><p>The month is over and not sealed yet: its figures may still change.</p></div>`;
  const proof = digest === undefined ? undefined : html` SHA-256 of the figures: <code>${digest}</code>`;
  return html`<p>Sealed ${sealed}: the figures of this month change no more.${proof}</p>`;
}
