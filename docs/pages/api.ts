import { type Described, described, type Member, type Named } from '../../server/selfservice/api-description.ts';
import { openApi } from '../../server/selfservice/openapi.ts';
import { operations } from '../../server/selfservice/routes.ts';

/** docs/reference/api.json: the OpenAPI document that the server serves. */
export function apiDocument(): string {
  return `${JSON.stringify(openApi(operations), undefined, 2)}\n`;
}

/** docs/reference/api.md: the same for people. */
export function apiPage(): string {
  const { text, operations: every, schemas } = described(openApi(operations));
  const sections = [...every.map(operation), '\n# Shapes\n', ...schemas.map(schema)];
  return `${INTRODUCTION}\n${text.join('\n\n')}\n${sections.join('')}`;
}

const INTRODUCTION = `# The self-service API

*Made from \`server/selfservice/\` by \`npm run docs\`.* [api.json](api.json) is the OpenAPI 3.1 document; a server has both at \`/api/v1/docs\` and
\`/api/v1/openapi.json\`.
`;

function operation({ method, path, summary, manners, scopes, parameters, body, answer }: Described): string {
  return `
## ${method} ${path}

${summary}. ${manners}

- Token: ${scopes.length === 0 ? 'none' : scopes.map(code).join(' or ')}
- Body: ${linked(body)}
- Answer: ${linked(answer)}
${table('Parameter', parameters)}`;
}

function schema({ name, text, members }: Named): string {
  return `\n## ${name}\n${text === '' ? '' : `\n${text}\n`}${table('Member', members)}`;
}

function table(heading: string, members: readonly Member[]): string {
  if (members.length === 0) return '';
  const rows = members.map(
    ({ name, type, required, text }) => `| ${code(name)} | ${linked(type)} | ${required ? 'yes' : ''} | ${cell(text)} |\n`,
  );
  return `\n| ${heading} | Type | Required | Meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

/** Names of shapes lead to their section. */
function linked(type: string): string {
  return cell(type).replace(/\[([A-Za-z]+)\]/g, (_, name: string) => `[${name}](#${name.toLowerCase()})`);
}

function code(text: string): string {
  return `\`${cell(text)}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
