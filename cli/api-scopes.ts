import type { AdminScope } from '../server/core/admin-scopes.ts';

/** Which admin scopes open a call, as contract §5.1.2 and own-api have it; the first that the client has is used. */
type Needs = readonly AdminScope[];

/** Takes no token. */
export const PUBLIC: Needs = [];
export const READ_CLIENTS: Needs = ['idporten:dcr.read', 'idporten:dcr.write', 'idporten:dcr.modify', 'idporten:dcr.supplier'];
export const WRITE_CLIENTS: Needs = ['idporten:dcr.write', 'idporten:dcr.supplier'];
export const CHANGE_CLIENTS: Needs = ['idporten:dcr.write', 'idporten:dcr.modify', 'idporten:dcr.supplier'];
/** A supplier's scope is for its clients, and not for their keys. */
export const CHANGE_KEYS: Needs = ['idporten:dcr.write', 'idporten:dcr.modify'];
export const READ_SCOPES: Needs = ['idporten:scopes.read', 'idporten:scopes.write'];
export const WRITE_SCOPES: Needs = ['idporten:scopes.write'];
/** A consumer asks for access; the owner reads what is asked. */
export const ASK: Needs = ['idporten:dcr.write'];
export const READ_REQUESTS: Needs = ['idporten:scopes.read', 'idporten:dcr.write'];
export const OPERATE: Needs = ['portvakt:operator'];
export const EXPLAIN: Needs = ['portvakt:explanations', 'portvakt:operator'];
export const READ_DELEGATIONS: Needs = ['portvakt:delegations.read', 'portvakt:delegations.write'];
export const WRITE_DELEGATIONS: Needs = ['portvakt:delegations.write'];
export const READ_SYSTEMS: Needs = ['portvakt:systems.read', 'portvakt:systems.write'];
export const WRITE_SYSTEMS: Needs = ['portvakt:systems.write'];
export const READ_CONSENTS: Needs = ['portvakt:consents.read', 'portvakt:consents.write'];
export const WRITE_CONSENTS: Needs = ['portvakt:consents.write'];
