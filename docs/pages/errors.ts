import { type CatalogueEntry, catalogue } from '../../server/core/catalogue.ts';

/** The families of codes by their first digits. Contract §3.2 */
const FAMILIES: readonly (readonly [codes: RegExp, title: string])[] = [
  [/-01|-02/, 'The request'],
  [/-1[01]/, 'The client and the audience'],
  [/-12/, 'Keys and certificates'],
  [/-13/, 'Time'],
  [/-20/, 'Scopes'],
  [/-25/, 'Access and delegation'],
  [/-30/, 'Authorization details'],
  [/-40/, 'Limits'],
  [/-50/, 'Faults of the server'],
  [/-6/, 'The self-service API'],
];

/** docs/reference/errors.md: every code of the catalogue. @throws {Error} for a code outside the families */
export function errorsPage(): string {
  const codes = Object.entries<CatalogueEntry>(catalogue);
  const lost = codes.find(([code]) => !FAMILIES.some(([pattern]) => pattern.test(code)));
  if (lost) throw new Error(`${lost[0]} belongs to no family`);
  const families = FAMILIES.map(([pattern, title]) => ({ title, members: codes.filter(([code]) => pattern.test(code)) }));
  const sections = families.filter(({ members }) => members.length > 0).map(({ title, members }) => section(title, members));
  return `${INTRODUCTION}${sections.join('')}`;
}

const INTRODUCTION = `# Error codes

*Made from \`server/core/catalogue.ts\` by \`npm run docs\`.*

A refusal is JSON with three members:

\`\`\`json
{
  "error": "invalid_grant",
  "error_description": "${catalogue['MP-121'].phrase} (trace_id: 5f0c6f0f3a9b4d0d8f6f1f6a2b7c9d10)",
  "error_uri": "https://token.example.no/errors/MP-121"
}
\`\`\`

The code is the last part of \`error_uri\`, and the address answers: a page for people, JSON for programs that ask for it. \`portvakt explain
CODE\` says the same without a network. The \`trace_id\` stands in the server's log.

Codes that begin with \`MP\` are Maskinporten's own, with its words. For what it has published no code, ours begin with \`PV\`. Braces in
a phrase are places for a scope, an organisation number or a figure.
`;

function section(title: string, codes: readonly (readonly [string, CatalogueEntry])[]): string {
  return `\n## ${title}\n${codes.map(([code, entry]) => subsection(code, entry)).join('')}`;
}

function subsection(code: string, { error, status, phrase, cause, fix }: CatalogueEntry): string {
  return `
### ${code}

${status} \`${error}\` · ${phrase}

${cause}

**Fix:** ${fix}
`;
}
