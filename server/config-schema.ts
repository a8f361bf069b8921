import { isIP, isIPv6 } from 'node:net';
import { z } from 'zod';
import { isKnownRegister, NORWAY } from './core/organization.ts';
import { INTEGRATION_TYPES } from './core/scope.ts';
import { CONTRACT_ALGORITHM, SIGNING_ALGORITHMS } from './core/signing-algorithm.ts';
import { isSourceName } from './core/source.ts';
import { HOUR } from './core/time.ts';

const token = z.strictObject({
  iat_max_age_seconds: z
    .int()
    .min(1)
    .max(120)
    .optional()
    .describe('how old `iat` may be; unset, `exp` alone bounds it; 10 is the documentation read literally'),
  exp_leeway_seconds: z.int().min(0).max(60).default(0).describe('how long after `exp` an assertion still counts'),
  require_jti: z.boolean().default(false).describe('refuse an assertion without `jti`'),
  kid_wins_over_x5c: z
    .boolean()
    .default(false)
    .describe('let `kid` decide when an assertion carries `x5c` too, instead of refusing it'),
  uniform_errors: z
    .boolean()
    .default(false)
    .describe('answer MP-100 for every refusal that would tell whether a client, key or certificate is known'),
  unspecified_audience: z.boolean().default(false).describe('say `"aud": "unspecified"` in a token that has no audience'),
  max_lifetime_seconds: z.int().min(1).max(HOUR).default(HOUR).describe('no token lives longer, whatever clients and scopes say'),
  on_behalf_of: z
    .boolean()
    .default(false)
    .describe('let a client name a customer registered beneath it, by the deprecated `iss_onbehalfof`'),
  integration_types: z
    .array(z.enum(INTEGRATION_TYPES))
    .min(1)
    .default(['maskinporten'])
    .describe('kinds of client that may fetch tokens'),
  signing_algorithms: z
    .array(z.enum(SIGNING_ALGORITHMS))
    .refine((names) => new Set(names).size === names.length, 'must name each algorithm once')
    .refine(
      (names) => names.includes(CONTRACT_ALGORITHM),
      `must hold ${CONTRACT_ALGORITHM}, which the own API and the contract ask for`,
    )
    .default([CONTRACT_ALGORITHM])
    .describe(
      'what access tokens are signed with, each with a key of its own in `/jwk`: `RS256`, `PS256`, `ES256`, `EdDSA`; the first where a scope asks for none with `access_token_signing_alg`',
    ),
});

const answering = z
  .string()
  .refine((name) => name === 'local' || name === 'off' || isSourceName(name), 'must be local, off, or the name of a source')
  .default('local');

const authorities = z.strictObject({
  delegations: z
    .enum(['local', 'off'])
    .default('local')
    .describe("whether this server's own register answers for scopes that name this server as their delegation source"),
  system_users: answering.describe(
    'who answers for system users: `local` is the own register, `off` nobody, or the name of a source',
  ),
  consents: answering.describe('who answers for consents, in the same way'),
});

const nameSpace = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^(?:NTR|VAT|PSD)[A-Z]{2}$/, 'must be NTR, VAT or PSD and a country, such as NTRPL')
      .describe('what an identifier begins with, before its hyphen'),
    icd: z
      .string()
      .regex(/^[0-9]{4}$/, 'must be four digits')
      .describe('the ISO 6523 code of the register'),
    form: z
      .string()
      .max(200)
      .refine(isPattern, 'must be a regular expression')
      .optional()
      .describe(
        "what the register's numbers look like as a whole, as a regular expression; needless for a register that is known",
      ),
    identifier: z
      .string()
      .max(200)
      .refine(isPattern, 'must be a regular expression')
      .optional()
      .describe('what stands behind the hyphen, where it is more than the number: its first group is the number'),
  })
  .refine(({ prefix, icd }) => icd !== NORWAY || prefix.endsWith('NO'), 'must not let another country assert Norwegian numbers')
  .refine(({ icd, form }) => form !== undefined || isKnownRegister(icd), 'must have a form: the register is not known');

const explanations = z.strictObject({
  keep_days: z.int().min(0).max(90).default(7).describe('how long it is kept why a token was refused; 0 keeps nothing'),
  per_second: z
    .int()
    .min(1)
    .max(100_000)
    .default(100)
    .describe(
      'refusals a second that each worker explains at most of those whose client has signed them, and a fifth of it of the others; what is beyond is counted',
    ),
  to_all: z
    .boolean()
    .default(false)
    .describe(
      "show everybody's explanations to anyone who may ask for explanations, as `portvakt dev` does; only with `environment: test`",
    ),
});

const certificates = z.strictObject({
  accept_ed25519: z.boolean().default(false).describe('accept certificates that are signed with Ed25519, or hold such a key'),
  name_spaces: z
    .array(nameSpace)
    .max(100)
    .refine((spaces) => new Set(spaces.map(({ prefix }) => prefix)).size === spaces.length, 'must name each prefix once')
    .default([])
    .describe(
      'registers of organisations besides NTRNO, NTRSE, NTRDK and NTRFI, which stay as they are: `prefix` of the identifier, such as `NTRPL`; `icd`, the ISO 6523 code of the register; `form`, a regular expression of its numbers, needless for one that is known; `identifier`, one of what stands behind the hyphen where that is more than the number, which is its first group',
    ),
  statements_decide_amr: z
    .boolean()
    .default(false)
    .describe("let a certificate's qualified statements decide on `client_amr` in every profile, not in `eidas-seal` alone"),
  ocsp: z
    .enum(['second', 'first'])
    .default('second')
    .describe('whether responders are asked where lists do not answer, or lists count where responders do not'),
  fetch_minutes: z.int().min(1).max(60).default(15).describe('how often a revocation list is fetched anew'),
  grace_hours: z
    .int()
    .min(0)
    .max(72)
    .default(24)
    .describe('how long a revocation list counts after its end, below anchors with the policy `grace`'),
  allow_soft_in_production: z
    .boolean()
    .default(false)
    .describe('let production anchors have the policy `soft`, by which a certificate nobody knows anything of is accepted'),
  allow_private_addresses: z
    .boolean()
    .default(false)
    .describe('fetch revocation lists and ask responders at addresses of the own machine and of private networks, too'),
});

const operations = z.strictObject({
  listen: z
    .string()
    .refine(
      (text) => text === 'off' || parseListen(text) !== undefined,
      'must be off, or an IP address and a port, such as 127.0.0.1:7301',
    )
    .default('127.0.0.1:7301')
    .describe(
      'address and port that `/metrics` and `/health/` answer at, apart from clients; `off` for none, port 0 for a free one',
    ),
  log_level: z.enum(['info', 'warn', 'error']).default('info').describe('the least that is logged; a refusal is `info`'),
  log_tokens: z.boolean().default(false).describe('log a line for every token; refusals have theirs in any case'),
});

/** Requests a minute, or no limit. */
const perMinute = z.union([z.literal('off'), z.int().min(1).max(10_000_000)]);

const limits = z.strictObject({
  client: perMinute.default(6_000).describe('requests a minute that one client signs'),
  organization: perMinute
    .default(30_000)
    .describe(
      'requests a minute that all clients of one organisation sign; those a supplier has made for customers count for it',
    ),
  address: perMinute
    .optional()
    .describe(
      'requests a minute from one address that nobody has proven to have sent; 1200 where `proxies` says who stands in front, otherwise off, because all would come from one address',
    ),
  certificate_failures: perMinute
    .optional()
    .describe(
      'certificate chains a minute from one address that are judged and refused; 120 where `proxies` is set, otherwise off',
    ),
  concurrency: z
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .describe('requests that are worked on at a time; a tenth is kept for the self-service API'),
  queue: z.int().min(1).max(100_000).default(1_000).describe('requests that may wait for their turn'),
});

const masterKey = z.strictObject({
  kind: z
    .enum(['file', 'passphrase'])
    .describe(
      '`file`: 32 random bytes; `passphrase`: a line of at least 16 characters, from which a key is derived at each start',
    ),
  file: z.string().min(1).describe('where it stands, mode 0600; relative to this file'),
});

const keys = z.strictObject({
  master: masterKey
    .optional()
    .describe(
      'what the private keys in the data directory are sealed with; unset, the file `DATA_DIR.master-key` beside it, made when it is first needed, and keys that lie in the clear from before stay so',
    ),
  former: masterKey
    .optional()
    .describe('the master key before, until `portvakt signing-key rewrap` has replaced it: keys that it has sealed are opened'),
  rotate_every_days: z
    .int()
    .min(2)
    .max(3650)
    .optional()
    .describe(
      'let the server rotate its signing keys by itself, each signing for so many days; unset: `portvakt signing-key` does',
    ),
});

const tls = z.strictObject({
  certificate: z
    .string()
    .min(1)
    .describe("file of the server's certificate in PEM, followed by those that lead up to its authority; relative to this one"),
  key: z.string().min(1).describe('file of its private key in PEM, unencrypted, mode 0600; relative to this one'),
});

const store = z
  .strictObject({
    url: z
      .string()
      .refine(isStoreUrl, 'must be postgres://USER@HOST/DATABASE, without a password')
      .optional()
      .describe(
        'the database, `postgres://USER@HOST/DATABASE`, or by a Unix socket `postgres:///DATABASE?host=FOLDER&user=USER`; the server is verified by TLS unless it is this machine',
      ),
    url_file: z
      .string()
      .min(1)
      .optional()
      .describe('a file, mode 0600, that holds the URL, perhaps with a password, instead of `url`'),
    password_file: z.string().min(1).optional().describe('a file, mode 0600, that holds the password; read for every connection'),
    ca_file: z.string().min(1).optional().describe('certificates of the CAs that may vouch for the database server, PEM'),
    connections: z
      .int()
      .min(1)
      .max(100)
      .default(4)
      .describe(
        'most connections of each worker for reading; spending, changing and hearing of changes have one each beside them',
      ),
  })
  .refine(({ url, url_file }) => (url === undefined) !== (url_file === undefined), 'must have url or url_file, one of them');

const cli = z.strictObject({
  context: z.string().optional().describe('as `--context`'),
  output: z.string().optional().describe('as `--output`'),
  timeout: z.string().optional().describe('as `--timeout`, such as `30s`'),
  color: z.string().optional().describe('as `--color`'),
});

/** The configuration file: each field with its type, default and meaning. docs/reference/config.md is made from it. */
export const configSchema = z.strictObject({
  issuer: z
    .string()
    .refine(isIssuer, 'must be an https address of a host alone, ending in a slash; http only for localhost')
    .optional()
    .describe("this server's name, the `iss` of its tokens, such as `https://token.example.no/`"),
  environment: z
    .enum(['production', 'test'])
    .default('production')
    .describe('certificates of the other environment are never trusted'),
  data_dir: z
    .string()
    .min(1)
    .optional()
    .describe('folder of the database and the keys, relative to the file; `PORTVAKT_DATA` stands above it'),
  store: store
    .optional()
    .describe(
      'a PostgreSQL database that many servers share, made by `portvakt db migrate`; without it the store is `portvakt.db` in the data directory. Files are relative to this one',
    ),
  listen: z
    .strictObject({
      hosts: z
        .array(z.string().refine((host) => isIP(host) !== 0, 'must be an IP address'))
        .min(1)
        .default(['127.0.0.1', '::1'])
        .describe('addresses to listen on; other than loopback only with `tls` or `behind_proxy`'),
      port: z.int().min(0).max(65535).default(7300).describe('TCP port; 0 takes a free one'),
    })
    .prefault({})
    .describe('where connections are taken'),
  tls: tls
    .optional()
    .describe('TLS in this process, version 1.2 or 1.3; without it the server speaks plain HTTP. SIGHUP reads the files again'),
  behind_proxy: z
    .boolean()
    .default(false)
    .describe('a proxy with TLS stands in front, so that listening beyond loopback is safe'),
  proxies: z
    .array(z.string().refine(isNetwork, 'must be an IP address, or a network such as 10.0.0.0/8'))
    .max(100)
    .default([])
    .describe(
      'addresses or networks of the proxies in front, whose `X-Forwarded-For` says where a request comes from; that of anybody else is ignored',
    ),
  limits: limits
    .prefault({})
    .describe(
      'how much may be asked of the token endpoint, and as much again of the API and the look-ups, and by whom; each worker has its share. `off` is no limit',
    ),
  shutdown: z
    .strictObject({
      delay_seconds: z
        .int()
        .min(0)
        .max(60)
        .default(3)
        .describe('how long it goes on answering after it has said that it is not ready, so that a balancer can turn away'),
      timeout_seconds: z.int().min(1).max(300).default(20).describe('how long requests may then take to be finished'),
    })
    .prefault({})
    .describe('how the server stops, and how a worker is replaced'),
  operations: operations.prefault({}).describe('how the server is watched'),
  token: token.prefault({}).describe('rules of tokens; every default is as Maskinporten does it'),
  explanations: explanations.prefault({}).describe('what is kept of refused token requests, to explain them'),
  cli: cli.optional().describe('defaults of the command line in this folder and below; the server reads none of it'),
  certificates: certificates.prefault({}).describe('how enterprise certificates are judged'),
  authorities: authorities.prefault({}).describe('who is asked whether one may act for another'),
  keys: keys.prefault({}).describe("how the server's own private keys are kept, and rotated"),
  source_keys: z
    .record(z.string().regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be a name of letters, digits, ".", "_" and "-"'), z.string().min(1))
    .default({})
    .describe(
      'private keys that sources name: RSA in PEM, mode 0600, files relative to this one; a key is registered at the source under its RFC 7638 thumbprint as `kid`',
    ),
});

/** The configuration file as it was read, with every default in its place. */
export type ConfigFile = z.infer<typeof configSchema>;

/** Whether the text can be an issuer: https (or http on loopback), a host alone, and the final slash. `PV-SEC-069`, contract §4.1 */
export function isIssuer(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  return secure && url.pathname === '/' && url.href === text && url.username === '' && !/[?#]/.test(text);
}

/** A URL of a database without what belongs into a file: the file is read by many. `PV-SEC-096` */
function isStoreUrl(text: string): boolean {
  return /^postgres(?:ql)?:\/\//.test(text) && URL.parse(text)?.password === '';
}

/** Whether nobody but the own machine reaches the host. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || host === '::1' || /^127\.[0-9.]+$/.test(host);
}

/** Reads an address and a port, an IPv6 address in brackets. @returns undefined for anything else */
export function parseListen(text: string): { readonly host: string; readonly port: number } | undefined {
  const { four, six, port } = /^(?:(?<four>[0-9.]+)|\[(?<six>[0-9A-Fa-f:.]+)\]):(?<port>[0-9]{1,5})$/.exec(text)?.groups ?? {};
  const host = four ?? six ?? '';
  return isIP(host) !== 0 && Number(port) <= 65535 ? { host, port: Number(port) } : undefined;
}

/** An address, or one with the number of its leading bits that count. */
function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([0-9A-Fa-f:.]+)(?:\/([0-9]{1,3}))?$/.exec(text) ?? [];
  return isIP(address) !== 0 && Number(bits ?? 0) <= (isIPv6(address) ? 128 : 32);
}

function isPattern(text: string): boolean {
  try {
    return new RegExp(text).source !== '';
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
