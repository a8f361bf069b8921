/** Who may import whom: everything points inward, to the core. The table of docs/architecture.md as data. */
export type Room = {
  /** Folders end in a slash, files do not. The first room that holds a file is its room. */
  readonly of: string;
  /** Rooms it may import besides itself. */
  readonly imports: readonly string[];
  /** Packages it may import; where `only` is given, only these names of it, and where `in` is given, only in files whose path holds that. */
  readonly packages?: Readonly<Record<string, Allowance>>;
  /** Rooms it may not import although they lie in a folder that it may. */
  readonly never?: readonly string[];
  /** Whether it may import what is only known when it runs. */
  readonly computed?: true;
  /** Node's own modules: any, unless the room says otherwise. */
  readonly builtins?: 'types of node:crypto';
};

export type Allowance = { readonly only?: readonly string[]; readonly in?: string };

const ANY: Allowance = {};

/** What a program that starts a server may hold of it. */
const SERVED = [
  'server/core/',
  'server/registry/',
  'server/main.ts',
  'server/foundations.ts',
  'server/tls.ts',
  'server/data-folder.ts',
  'server/cluster.ts',
  'server/config.ts',
  'server/config-schema.ts',
  'server/storage/open.ts',
  'keys/',
];

export const rooms: readonly Room[] = [
  { of: 'server/core/', imports: [], builtins: 'types of node:crypto' },
  { of: 'server/registry/', imports: ['server/core/'] },
  { of: 'server/audit/', imports: ['server/core/'] },
  { of: 'server/authorities/', imports: ['server/core/'], packages: { undici: { in: 'http-service.ts' } } },
  {
    of: 'server/storage/',
    imports: ['server/core/', 'server/audit/'],
    packages: { 'better-sqlite3': { in: '/sqlite/' }, pg: { in: '/postgres/' }, 'lru-cache': ANY },
  },
  { of: 'server/limits/', imports: ['server/core/'] },
  { of: 'server/provider/', imports: ['server/core/', 'keys/'], packages: { 'oidc-provider': ANY } },
  { of: 'server/http/', imports: ['server/core/'], packages: { koa: ANY } },
  {
    of: 'server/selfservice/',
    imports: ['server/registry/', 'server/core/', 'server/http/', 'server/audit/'],
    packages: { koa: ANY, '@koa/router': ANY, zod: ANY },
  },
  {
    of: 'server/lookup/',
    imports: [
      'server/core/',
      'server/http/',
      'server/authorities/',
      'server/selfservice/caller.ts',
      'server/selfservice/request.ts',
    ],
    packages: { koa: ANY },
  },
  { of: 'server/telemetry/', imports: ['server/core/'], packages: { '@opentelemetry/api': ANY, pino: ANY, 'prom-client': ANY } },
  { of: 'server/config-schema.ts', imports: ['server/core/'], packages: { zod: ANY } },
  { of: 'server/config-text.ts', imports: [] },
  { of: 'server/config-settings.ts', imports: ['server/core/', 'server/config-schema.ts'] },
  {
    of: 'server/config.ts',
    imports: ['server/core/', 'server/config-schema.ts', 'server/config-settings.ts', 'server/config-text.ts'],
    packages: { zod: ANY, yaml: ANY },
  },
  { of: 'server/clock.ts', imports: ['server/core/'] },
  { of: 'server/random.ts', imports: ['server/core/'] },
  { of: 'server/loop-watch.ts', imports: ['server/clock.ts'] },
  { of: 'server/metering.ts', imports: ['server/core/'] },
  {
    of: 'server/operations.ts',
    imports: ['server/core/', 'server/config.ts', 'server/http/', 'server/random.ts', 'server/telemetry/'],
  },
  { of: 'server/data-folder.ts', imports: ['server/storage/'] },
  { of: 'server/expiry-watch.ts', imports: ['server/core/', 'server/registry/'] },
  { of: 'server/housekeeping.ts', imports: ['server/core/', 'server/clock.ts', 'server/registry/'] },
  { of: 'server/key-holding.ts', imports: ['server/core/', 'server/clock.ts', 'keys/'] },
  { of: 'server/key-watch.ts', imports: ['server/core/', 'server/clock.ts', 'server/key-holding.ts', 'keys/'] },
  { of: 'server/readiness-watch.ts', imports: ['server/core/', 'server/clock.ts'] },
  { of: 'server/tls.ts', imports: ['server/core/', 'server/config.ts', 'keys/'] },
  { of: 'server/trust-watch.ts', imports: ['server/core/'] },
  { of: 'server/refusal-explainer.ts', imports: ['server/core/', 'server/clock.ts'] },
  { of: 'server/token-counter.ts', imports: ['server/core/', 'server/count-buffer.ts'] },
  { of: 'server/count-buffer.ts', imports: ['server/core/'] },
  {
    of: 'server/foundations.ts',
    imports: ['server/core/', 'server/clock.ts', 'server/config.ts', 'server/data-folder.ts', 'server/storage/', 'keys/'],
  },
  { of: 'server/main.ts', imports: ['server/', 'keys/'] },
  { of: 'server/worker.ts', imports: ['server/', 'keys/'] },
  { of: 'server/hand-over.ts', imports: [] },
  { of: 'server/worker-messages.ts', imports: ['server/core/', 'server/config.ts', 'server/telemetry/'] },
  { of: 'server/worker-reports.ts', imports: ['server/core/', 'server/telemetry/', 'server/worker-messages.ts'] },
  {
    of: 'server/cluster.ts',
    imports: [
      'server/core/',
      'server/config.ts',
      'server/hand-over.ts',
      'server/operations.ts',
      'server/worker-messages.ts',
      'server/worker-reports.ts',
      'server/storage/open.ts',
      'server/storage/upkeep.ts',
      'server/telemetry/',
    ],
  },
  {
    of: 'keys/',
    imports: ['server/core/'],
    packages: { 'lru-cache': ANY, undici: ANY, jose: { only: ['importJWK', 'exportJWK', 'calculateJwkThumbprint', 'JWK'] } },
  },
  {
    of: 'fixtures/',
    imports: ['server/core/', 'server/registry/', 'keys/'],
    packages: { jose: ANY, 'node-forge': ANY, zod: ANY, yaml: ANY },
  },
  { of: 'cli/bin.js', imports: ['cli/'], computed: true },
  { of: 'cli/program.ts', imports: ['cli/'], packages: { commander: ANY } },
  {
    of: 'cli/operator/',
    imports: ['cli/', 'fixtures/', 'server/audit/', 'server/clock.ts', 'server/storage/upkeep.ts', ...SERVED],
    packages: { commander: ANY, zod: ANY, yaml: ANY },
  },
  {
    of: 'cli/trusted-list/',
    imports: ['keys/x509/', 'server/core/'],
    packages: { 'xml-crypto': ANY, '@xmldom/xmldom': ANY },
  },
  {
    of: 'cli/',
    imports: ['server/core/', 'server/audit/', 'keys/x509/'],
    never: ['cli/operator/'],
    packages: {
      commander: ANY,
      jose: ANY,
      'node-forge': { in: 'pkcs12.ts' },
      undici: ANY,
      zod: ANY,
      yaml: ANY,
      picocolors: ANY,
    },
  },
  { of: 'testing/', imports: ['cli/', 'fixtures/', ...SERVED] },
  {
    of: 'gates/simulation/',
    imports: [
      'gates/',
      'server/audit/',
      'server/authorities/',
      'server/clock.ts',
      'server/core/',
      'server/limits/',
      'server/registry/',
      'server/storage/',
    ],
  },
  {
    of: 'proving/',
    imports: ['fixtures/', ...SERVED],
    packages: {
      yaml: { in: 'data-directory.ts' },
      pg: { in: 'postgres-cluster.ts' },
      'node-forge': { in: 'self-signed.ts' },
    },
  },
  { of: 'gates/program-before.ts', imports: ['proving/'], computed: true },
  {
    of: 'gates/',
    imports: [
      'gates/simulation/',
      'proving/',
      'fixtures/',
      'server/audit/',
      'server/selfservice/routes.ts',
      'server/key-holding.ts',
      ...SERVED,
      'test/keys/',
    ],
    packages: { 'better-sqlite3': ANY },
  },
  {
    of: 'bench/',
    imports: ['proving/', 'fixtures/', 'server/audit/', ...SERVED, 'test/keys/'],
    packages: {
      'node-forge': { in: 'chain-validators.ts' },
      pkijs: { in: 'chain-validators.ts' },
      asn1js: { in: 'chain-validators.ts' },
      'oidc-provider': { in: '/peers/' },
      'oauth2-mock-server': { in: '/peers/' },
      'better-sqlite3': { in: '/growth/' },
    },
  },
  {
    of: 'docs/',
    imports: ['server/core/', 'server/selfservice/', 'server/telemetry/', 'server/config-schema.ts', 'cli/'],
    packages: { portvakt: ANY, jose: ANY, zod: ANY, commander: ANY },
  },
];
