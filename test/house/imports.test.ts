import { readFileSync } from 'node:fs';
import t from 'tap';
import { importsOf, offences, packageName, roomOf } from './imports.ts';
import { sources } from './sources.ts';

t.test('every file imports only what the table of rooms allows', async (t) => {
  const files = sources();
  t.ok(
    files.some(({ path }) => path === 'server/core/issue-token.ts'),
    'the core is among the files read',
  );
  t.same(
    files.flatMap(({ path, text }) => offences(path, text)),
    [],
  );
});

t.test('every package that is imported stands in package.json, for running where it is needed to run', async (t) => {
  const { name, dependencies, devDependencies } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  const missing = sources().flatMap(({ path, text }) => {
    const listed = /^(bench|gates|proving)\//.test(path)
      ? { ...dependencies, ...devDependencies }
      : { ...dependencies, [name]: 'itself' };
    return importsOf(text)
      .filter(({ from }) => /^[@a-z]/.test(from) && !from.startsWith('node:') && !(packageName(from) in listed))
      .map(({ from }) => `${path} imports ${from}`);
  });
  t.same(missing, []);
});

t.test('every run-time package of package.json is imported', async (t) => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const shipped = sources().filter(({ path }) => /^(server|cli|keys|fixtures)\//.test(path));
  const imported = new Set(shipped.flatMap(({ text }) => importsOf(text).map(({ from }) => packageName(from))));
  t.same(
    Object.keys(dependencies).filter((name) => !imported.has(name)),
    [],
  );
});

const CORE = 'server/core/made-up.ts';

t.test('each rule of the table can fail', async (t) => {
  const cases: readonly [path: string, text: string, offence: string][] = [
    ['server/http/a.ts', "import { x } from '../storage/open.ts';", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "import type { X } from '../storage/open.ts';", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "import {\n  a,\n  b,\n} from '../storage/open.ts';", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "export * from '../storage/open.ts';", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "import '../storage/open.ts';", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "  const x = await import('../storage/open.ts');", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', "type X = typeof import('../storage/open.ts');", 'server/http/a.ts imports server/storage/open.ts'],
    ['server/http/a.ts', 'await import(name);', 'server/http/a.ts imports what is only known when it runs'],
    ['server/http/a.ts', "const koa = require('koa');", 'server/http/a.ts uses require'],
    ['server/http/a.ts', "import { join } from 'path';", 'server/http/a.ts imports path without node:'],
    ['server/http/a.ts', "import Provider from 'oidc-provider';", 'server/http/a.ts imports the package oidc-provider'],
    ['server/http/a.ts', "import lib from 'oidc-provider/lib/x.js';", 'server/http/a.ts imports the package oidc-provider'],
    ['server/selfservice/a.ts', "import { x } from '@koa/cors';", 'server/selfservice/a.ts imports the package @koa/cors'],
    ['server/storage/cache.ts', "import D from 'better-sqlite3';", 'server/storage/cache.ts imports the package better-sqlite3'],
    ['server/authorities/local.ts', "import { fetch } from 'undici';", 'server/authorities/local.ts imports the package undici'],
    ['server/config.ts', "import { x } from './main.ts';", 'server/config.ts imports server/main.ts'],
    ['server/main.ts', "import Koa from 'koa';", 'server/main.ts imports the package koa'],
    ['keys/signer.ts', "import { SignJWT } from 'jose';", 'keys/signer.ts imports SignJWT of the package jose'],
    ['keys/signer.ts', "import * as jose from 'jose';", 'keys/signer.ts imports * of the package jose'],
    ['keys/x509/chain.ts', "import forge from 'node-forge';", 'keys/x509/chain.ts imports the package node-forge'],
    ['cli/commands/a.ts', "import forge from 'node-forge';", 'cli/commands/a.ts imports the package node-forge'],
    [
      'cli/commands/a.ts',
      "import { x } from '../../server/storage/open.ts';",
      'cli/commands/a.ts imports server/storage/open.ts',
    ],
    ['cli/commands/a.ts', "import { x } from '../../keys/signer.ts';", 'cli/commands/a.ts imports keys/signer.ts'],
    ['cli/commands/a.ts', "import { x } from '../operator/dev.ts';", 'cli/commands/a.ts imports cli/operator/dev.ts'],
    ['cli/operator/a.ts', "import { x } from '../../server/http/app.ts';", 'cli/operator/a.ts imports server/http/app.ts'],
    ['fixtures/a.ts', "import { x } from '../cli/main.ts';", 'fixtures/a.ts imports cli/main.ts'],
    [
      'server/registry/a.ts',
      "import { x } from '../../test/token/server.ts';",
      'server/registry/a.ts imports test/token/server.ts',
    ],
    ['server/attic/a.ts', '', 'server/attic/a.ts stands in no room of the house'],
    [CORE, "import { x } from '../http/body.ts';", `${CORE} imports server/http/body.ts`],
    [CORE, "import { z } from 'zod';", `${CORE} imports the package zod`],
    [CORE, "import type { Context } from 'koa';", `${CORE} imports the package koa`],
    [CORE, "import { createHash } from 'node:crypto';", `${CORE} imports node:crypto`],
    [CORE, "import { createHash, type KeyObject } from 'node:crypto';", `${CORE} imports node:crypto`],
    [CORE, "import { readFile } from 'node:fs/promises';", `${CORE} imports node:fs/promises`],
    [CORE, 'const now = Date.now();', `${CORE} reaches outside: Date.now`],
    [CORE, 'const now = new Date();', `${CORE} reaches outside: new Date`],
    [CORE, 'const now = performance.now();', `${CORE} reaches outside: performance.`],
    [CORE, 'const jti = Math.random();', `${CORE} reaches outside: Math.random`],
    [CORE, 'const jti = crypto.randomUUID();', `${CORE} reaches outside: crypto.`],
    [CORE, 'const issuer = process.env.ISSUER;', `${CORE} reaches outside: process.e`],
    [CORE, "await fetch('https://example.no');", `${CORE} reaches outside: fetch(`],
  ];
  for (const [path, text, offence] of cases) t.same(offences(path, `${text}\n`), [offence], text);
});

t.test('what the table allows passes', async (t) => {
  const cases: readonly [path: string, text: string][] = [
    [CORE, "import type { KeyObject } from 'node:crypto';"],
    [CORE, "import { type KeyObject } from 'node:crypto';"],
    [CORE, "import { Fault } from './fault.ts';"],
    ['server/http/a.ts', "import { createServer } from 'node:http';"],
    ['server/storage/sqlite/a.ts', "import D from 'better-sqlite3';"],
    ['server/authorities/http-service.ts', "import { fetch } from 'undici';"],
    ['keys/jwk.ts', "import { exportJWK as toJwk, type JWK } from 'jose';"],
    ['cli/pkcs12.ts', "import forge from 'node-forge';"],
    ['cli/program.ts', "  load: () => import('./operator/dev.ts'),"],
    ['cli/bin.js', 'import(built ? a : b);'],
    ['cli/operator/a.ts', "import { startServer } from '../../server/main.ts';"],
  ];
  for (const [path, text] of cases) t.same(offences(path, `${text}\n`), [], text);
});

t.test('a file belongs to the nearest room', async (t) => {
  t.equal(roomOf('cli/operator/serve.ts')?.of, 'cli/operator/');
  t.equal(roomOf('cli/main.ts')?.of, 'cli/');
  t.equal(roomOf('server/mainly.ts'), undefined);
});
