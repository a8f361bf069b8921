import type { System } from '../../core/system-user.ts';

/** A vendor's system as the table holds it. */
export type SystemRow = Omit<System, 'description' | 'clientIds'> & {
  readonly description: string | null;
  readonly clientIds: string;
};

/** As the table holds it. */
export function toRow(system: System): SystemRow {
  return { ...system, description: system.description ?? null, clientIds: JSON.stringify(system.clientIds) };
}

/** As {@link toRow} wrote it. */
export function fromRow({ description, ...row }: SystemRow): System {
  return { ...row, ...(description !== null && { description }), clientIds: JSON.parse(row.clientIds) as string[] };
}
