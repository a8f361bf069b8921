import t from 'tap';
import { storageContract } from './contract.ts';
import { PostgresPlaces } from './postgres-place.ts';
import { NOT_HERE } from './postgres-programs.ts';

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await PostgresPlaces.create(t);
  storageContract('PostgreSQL', {
    locate: () => places.location(),
    locateBare: () => places.bare(),
    isOneMachine: false,
  });
}
