import { z } from 'zod';
import { configSchema } from '../../server/config-schema.ts';

/** What is read of a field's JSON Schema. */
type Field = {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly Field[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Field;
  readonly properties?: Readonly<Record<string, Field>>;
};

/** docs/reference/config.md: every field of the configuration file, from its schema. */
export function configPage(): string {
  const { properties = {} } = z.toJSONSchema(configSchema, { io: 'input' }) as Field;
  const groups = Object.entries(properties).filter(([, field]) => field.properties);
  const single = Object.entries(properties).filter(([, field]) => !field.properties);
  const sections = groups.map(([name, { description, properties: fields = {} }]) => {
    return `\n## \`${name}\`\n\n${sentence(description)}\n\n${table(Object.entries(fields), `${name}.`)}`;
  });
  return `${INTRODUCTION}\n${table(single, '')}${sections.join('')}`;
}

const INTRODUCTION = `# Configuration

*Made from \`server/config.ts\` by \`npm run docs\`.*

\`portvakt serve\` reads one YAML file. A field that is not listed here is a mistake, and the server says which and does not start.
\`portvakt serve --check\` judges the file without starting. \`portvakt init\` writes one.
`;

function table(fields: readonly (readonly [string, Field])[], prefix: string): string {
  const rows = fields.map(([name, field]) => {
    return `| \`${prefix}${name}\` | ${type(field)} | ${fallback(field)} | ${sentence(field.description)} |\n`;
  });
  return `| Field | Type | Default | Meaning |\n| --- | --- | --- | --- |\n${rows.join('')}`;
}

function type({ type: name = '', enum: values, const: value, anyOf, minimum, maximum, items }: Field): string {
  if (anyOf) return anyOf.map(type).join(', or ');
  if (value !== undefined) return code(value);
  if (values) return values.map(code).join(', ');
  if (items?.properties) return `list of mappings: ${Object.keys(items.properties).map(code).join(', ')}`;
  if (items) return `list of ${type(items)}`;
  if (name === 'integer') return `whole number, ${minimum} to ${maximum}`;
  if (name === 'object') return 'mapping of names to text';
  return name === 'boolean' ? '`true`, `false`' : 'text';
}

function fallback({ default: value }: Field): string {
  if (value === undefined || isEmpty(value)) return 'none';
  return Array.isArray(value) ? value.map(code).join(', ') : code(value);
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

function code(value: unknown): string {
  return `\`${value}\``;
}

/** The meaning as a sentence: a capital in front, a full stop behind. */
function sentence(text = ''): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
