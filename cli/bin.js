#!/usr/bin/env node
// Plain JavaScript that any Node from 12 on can parse: an older Node must be told what is wrong before it meets a .ts file or a
// compiled addon that crashes it. Nothing is imported until the version is known.

const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 24 || (major === 24 && minor >= 15)) start();
else refuse();

async function start() {
  const { existsSync } = await import('node:fs');
  const { enableCompileCache } = await import('node:module');
  const { fileURLToPath } = await import('node:url');
  const sources = new URL('main.ts', import.meta.url);
  // The published package is compiled: main.js lies there instead.
  const compiled = !existsSync(sources);
  // Keeps what the type stripping makes of the sources, in the checkout's own folder: half the time of a short command.
  if (!compiled) enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/portvakt', import.meta.url)));
  const { main } = await import(compiled ? './main.js' : './main.ts');
  await main(process.argv.slice(2));
}

function refuse() {
  process.stderr.write(
    '✗ portvakt needs Node 24.15 or later, and this is Node ' +
      `${process.versions.node} (${process.execPath})\n\n` +
      '  fix   in a checkout: npm ci, then npm run -s portvakt -- … (it brings its own Node on Linux and Windows)\n' +
      '        elsewhere:     install Node 24 LTS from https://nodejs.org/ and put it first in PATH\n',
  );
  process.exitCode = 3;
}
