import { availableParallelism, cpus } from 'node:os';

/** What the figures were measured on. */
export function machine(): { cpu: string; cores: number; node: string; platform: string } {
  const cpu = cpus()[0]?.model.trim() ?? 'unknown processor';
  return { cpu, cores: availableParallelism(), node: process.versions.node, platform: `${process.platform} ${process.arch}` };
}

/** The same in a line. */
export function machineLine(): string {
  const { cpu, cores, node, platform } = machine();
  return `${cpu}, ${cores} cores, Node ${node}, ${platform}`;
}
