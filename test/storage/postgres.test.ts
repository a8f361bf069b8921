import t from 'tap';
import { NOT_HERE } from '../../proving/postgres-programs.ts';
import { storageContract } from './contract.ts';
import { postgresPlaces } from './postgres-place.ts';

if (NOT_HERE) t.pass('PostgreSQL cannot be run here', { skip: NOT_HERE });
else {
  const places = await postgresPlaces(t);
  storageContract('PostgreSQL', {
    locate: () => places.location(),
    locateBare: () => places.bare(),
    isOneMachine: false,
  });
}
