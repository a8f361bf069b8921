import { isUuid } from '../core/authorization-details.ts';
import {
  type ConsentQuestion,
  type ConsentRight,
  type FoundConsent,
  organizationOfUrn,
  organizationUrn,
} from '../core/consent.ts';
import type { DelegatedScope } from '../core/delegation.ts';
import { externalRefOf, type FoundSystemUser, type SystemUserQuestion } from '../core/system-user.ts';
import { type HttpAnswer, NoAnswer } from './http-service.ts';
import { isListOf, isRecord, isString, readJson } from './read-json.ts';

// What Altinn's look-ups answer, and what follows from it. Whatever was filtered there is tested here again.

/**
 * Whether an answer delegates the scope: one of its rows is between the two organisations and holds exactly this scope. An
 * organisation that is unknown there has delegated nothing. Contract §6.3
 * @throws {NoAnswer} for any other refusal, and for rows that are none
 */
export function readDelegations({ status, body }: HttpAnswer, asked: DelegatedScope): boolean {
  if (status === 400 && blamesOrganization(body)) return false;
  const rows = status === 200 ? readJson(body) : undefined;
  if (!isListOf(rows, isDelegationRow)) throw unexpected(status);
  return rows.some(
    (row) =>
      row.consumer_org === asked.consumerOrgno && row.supplier_org === asked.supplierOrgno && row.scopes.includes(asked.scope),
  );
}

type DelegationRow = { readonly consumer_org: string; readonly supplier_org: string; readonly scopes: readonly string[] };

function isDelegationRow(row: unknown): row is DelegationRow {
  return isRecord(row) && isString(row.consumer_org) && isString(row.supplier_org) && isListOf(row.scopes, isString);
}

/** A validation problem that is about one of the organisations. */
function blamesOrganization(body: string): boolean {
  const problem = readJson(body);
  const errors = isRecord(problem) && isRecord(problem.errors) ? Object.keys(problem.errors) : [];
  return errors.some((name) => ['consumerorg', 'supplierorg'].includes(name.toLowerCase()));
}

/**
 * The system user that was asked for, if the answer is one: of this customer and vendor, with this reference, and not deleted.
 * Contract §7.1
 * @throws {NoAnswer} for a refusal, and for what is no system user
 */
export function readSystemUser({ status, body }: HttpAnswer, asked: SystemUserQuestion): FoundSystemUser | undefined {
  if (status === 404) return undefined;
  const user = status === 200 ? readJson(body) : undefined;
  if (!isRecord(user) || !isUuid(user.id) || !isString(user.reporteeOrgNo) || !isString(user.supplierOrgno))
    throw unexpected(status);
  // The name of the system stands in productName too, for those who read it there.
  const systemId = user.systemId ?? user.productName;
  if (!isString(systemId) || !/^[\x21-\x7e]{1,255}$/.test(systemId)) throw unexpected(status);
  const theirs = user.reporteeOrgNo === asked.customerOrgno && user.supplierOrgno === asked.vendorOrgno;
  const named = (user.externalRef ?? externalRefOf(asked)) === externalRefOf(asked);
  return theirs && named && user.isDeleted !== true ? { id: user.id, systemId } : undefined;
}

/** Codes of a consent that cannot be used, and the status that each comes with. Contract §7.2 */
const UNUSABLE: Readonly<Record<string, number>> = {
  'AM-00001': 404,
  'AM-00011': 400,
  'AM-00012': 400,
  'AM-00013': 400,
  'AM-00014': 400,
};

/** The code of several problems at once, which comes as a fault of the server's. Contract §7.2 */
const SEVERAL = 'STD-00001';

/**
 * The consent that was asked for, if the answer is one: with this id, from this giver, to this recipient or handled
 * by it. Contract §7.2
 * @throws {NoAnswer} for a refusal that says something else, and for what is no consent
 */
export function readConsent({ status, body }: HttpAnswer, asked: ConsentQuestion): FoundConsent | undefined {
  if (status !== 200) {
    if (saysUnusable(status, body)) return undefined;
    throw unexpected(status);
  }
  const consent = readJson(body);
  if (!isConsent(consent)) throw unexpected(status);
  const { id, from, to, handledBy, consented, validTo, consentRights } = consent;
  const toOrgno = organizationOfUrn(to);
  const ours = organizationUrn(asked.toOrgno);
  const same = id.toLowerCase() === asked.id && from === asked.from && (to === ours || handledBy === ours);
  if (!same || toOrgno === undefined) return undefined;
  return { id: asked.id, from, toOrgno, consented, validTo, rights: consentRights.map(toRight) };
}

function saysUnusable(status: number, body: string): boolean {
  if (![400, 404, 500].includes(status) || body === '') return false;
  const problem = readJson(body);
  if (!isRecord(problem) || !isString(problem.code)) return false;
  if (problem.code !== SEVERAL) return UNUSABLE[problem.code] === status;
  return status === 500 && isListOf(problem.problems, isUnusable) && problem.problems.length > 0;
}

function isUnusable(problem: unknown): problem is { readonly code: string } {
  return isRecord(problem) && isString(problem.code) && Object.hasOwn(UNUSABLE, problem.code);
}

type AltinnConsent = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly handledBy?: unknown;
  readonly consented: string;
  readonly validTo: string;
  readonly consentRights: readonly AltinnRight[];
};

function isConsent(value: unknown): value is AltinnConsent {
  return (
    isRecord(value) &&
    [value.id, value.from, value.to].every(isString) &&
    isMoment(value.consented) &&
    isMoment(value.validTo) &&
    isListOf(value.consentRights, isRight)
  );
}

/** RFC 3339 with seconds and zone, as the register wrote it: the text goes into the token as it is. */
function isMoment(value: unknown): value is string {
  return (
    isString(value) &&
    /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

/** The metadata in either of the two spellings that there are. Contract §7.2 */
type AltinnRight = Pick<ConsentRight, 'action' | 'resource'> & { readonly metadata?: unknown; readonly metaData?: unknown };

function isRight(value: unknown): value is AltinnRight {
  return (
    isRecord(value) && isListOf(value.action, isString) && isListOf(value.resource, isResource) && isTexts(metadataOf(value))
  );
}

function isResource(value: unknown): value is { readonly type: string; readonly value: string } {
  return isRecord(value) && isString(value.type) && isString(value.value);
}

function metadataOf({ metadata, metaData }: Pick<AltinnRight, 'metadata' | 'metaData'>): unknown {
  return metadata === undefined ? metaData : metadata;
}

function isTexts(value: unknown): value is Readonly<Record<string, string>> | null | undefined {
  return value === null || value === undefined || (isRecord(value) && Object.values(value).every(isString));
}

/** What a token may say, and nothing else that stood there. */
function toRight(right: AltinnRight): ConsentRight {
  const metadata = metadataOf(right);
  return {
    action: right.action,
    resource: right.resource.map(({ type, value }) => ({ type, value })),
    ...(metadata !== undefined && isTexts(metadata) && { metadata }),
  };
}

function unexpected(status: number): NoAnswer {
  return new NoAnswer(status === 200 ? 'answers 200 with something else than was asked for' : `answers ${status}`);
}
