/** The time by the database's own clock, in seconds. */
export const CLOCK = 'extract(epoch FROM clock_timestamp())::float8';

/**
 * The same in whole seconds. What is removed for its age is too old by it as well as by the clock of the node that removes it: one that is
 * ahead takes nothing from the others. `PV-SEC-031`
 */
export const SECONDS = `floor(${CLOCK})::bigint`;
