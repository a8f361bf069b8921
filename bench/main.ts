import { HELP, Misuse, readArguments } from './arguments.ts';
import { benchmark } from './benchmark.ts';
import { type CertificateMeasurement, certificatesJson, certificatesTable, measureCertificates } from './certificates.ts';
import { failures, reportJson, reportTable } from './report.ts';
import type { Extent, Measurement } from './rounds.ts';

// npm run bench. Exit code 1 when a token was refused or a replay was not: then the figures mean nothing.

process.exitCode = await main(process.argv.slice(2));

async function main(args: string[]): Promise<number> {
  try {
    const asked = readArguments(args);
    const { what, extent, output, help } = asked;
    if (help) process.stdout.write(HELP);
    if (what === 'certificates' && !help) return reportCertificates(await measureCertificates(asked, tell), output);
    return help ? 0 : report(await benchmark(extent, tell), extent, output);
  } catch (error) {
    if (!(error instanceof Misuse)) throw error;
    tell(`✗ ${error.message}\n\n${HELP}`);
    return 2;
  }
}

function report(measurement: Measurement, extent: Extent, output: 'table' | 'json'): number {
  process.stdout.write(output === 'json' ? reportJson(measurement, extent) : reportTable(measurement, extent));
  const failed = failures(measurement);
  for (const failure of failed) tell(`✗ ${failure}`);
  return failed.length === 0 ? 0 : 1;
}

function reportCertificates(measurement: CertificateMeasurement, output: 'table' | 'json'): number {
  process.stdout.write(output === 'json' ? certificatesJson(measurement) : certificatesTable(measurement));
  return measurement.list.errors === 0 ? 0 : 1;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
