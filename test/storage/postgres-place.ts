import type { Test } from 'tap';
import type { ClusterOptions } from '../../proving/postgres-cluster.ts';
import { PostgresPlaces } from '../../proving/postgres-places.ts';

/** Databases for tests, of a cluster that goes with the test. */
export async function postgresPlaces(t: Test, options: ClusterOptions = {}): Promise<PostgresPlaces> {
  const places = await PostgresPlaces.open(options);
  t.teardown(() => places.cluster.remove());
  return places;
}
