import { escapeHtml, htmlPage } from '../http/page.ts';
import { type Described, described, type Member, type Named } from './api-description.ts';
import type { OpenApi } from './openapi.ts';

/** The API as a page for people, made from its document. */
export function apiPage(document: OpenApi): string {
  const { title, text, operations, schemas } = described(document);
  const main = [
    `<h1>${escapeHtml(title)}</h1>`,
    ...text.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`),
    '<p><a href="/api/v1/openapi.json">The OpenAPI document</a></p>',
    ...operations.map(operation),
    ...schemas.map(schema),
  ];
  return htmlPage(title, main.join('\n'));
}

function operation({ method, path, id, summary, manners, scopes, parameters, body, answer }: Described): string {
  return `<h2 id="${id}"><code>${method} ${escapeHtml(path)}</code></h2>
<p>${escapeHtml(`${summary}. ${manners}`)}</p>
<dl>
<dt>Token</dt><dd>${scopes.length === 0 ? 'none' : scopes.map(code).join(' or ')}</dd>
<dt>Body</dt><dd>${type(body)}</dd>
<dt>Answer</dt><dd>${type(answer)}</dd>
</dl>
${table('Parameter', parameters)}`;
}

function schema({ name, text, members }: Named): string {
  return `<h2 id="${name}">${name}</h2>\n<p>${escapeHtml(text)}</p>\n${table('Member', members)}`;
}

function table(heading: string, members: readonly Member[]): string {
  if (members.length === 0) return '';
  const rows = members.map(
    ({ name, type: kind, required, text }) =>
      `<tr><td>${code(name)}</td><td>${type(kind)}</td><td>${required ? 'yes' : ''}</td><td>${escapeHtml(text)}</td></tr>`,
  );
  return `<table><tr><th>${heading}</th><th>Type</th><th>Required</th><th></th></tr>\n${rows.join('\n')}\n</table>`;
}

/** Names of shapes lead to them. */
function type(text: string): string {
  return escapeHtml(text).replace(/\[([A-Za-z]+)\]/g, '<a href="#$1">$1</a>');
}

function code(text: string): string {
  return `<code>${escapeHtml(text)}</code>`;
}
