import { HOUR } from '../core/time.ts';

/** A record of the audit that is to be counted. */
export type Folded = {
  readonly sequence: number;
  readonly at: number;
  readonly type: string;
  readonly clientId: string | null;
  readonly orgno: string | null;
  readonly details: string;
};

/** How many there were of one kind in one hour. */
export type Figure = {
  readonly hour: number;
  readonly scope: string;
  readonly consumer: string;
  readonly supplier: string;
  readonly client: string;
  readonly code: string;
  readonly count: number;
};

type Details = {
  readonly scopes?: readonly string[];
  readonly consumer_orgno?: string;
  readonly supplier_orgno?: string;
  readonly code?: string;
  readonly refusals?: Readonly<Record<string, number>>;
};

/** The figures of some records, those of one kind summed up. Verdicts that still hung on others are not counted, the final ones are. */
export function figuresOf(records: readonly Folded[]): Iterable<Figure> {
  const sums = new Map<string, Figure>();
  for (const figure of records.flatMap(ofRecord)) {
    const { count, ...kind } = figure;
    const name = JSON.stringify(Object.values(kind));
    sums.set(name, { ...kind, count: count + (sums.get(name)?.count ?? 0) });
  }
  return sums.values();
}

function ofRecord({ type, at, clientId, orgno, details }: Folded): readonly Figure[] {
  const hour = at - (at % HOUR);
  if (type === 'token.refused_unproven') {
    const { refusals = {} } = JSON.parse(details) as Details;
    const nobody = { hour, scope: '', consumer: '', supplier: '', client: '' };
    return Object.entries(refusals).map(([code, count]) => ({ ...nobody, code, count }));
  }
  if (type !== 'token.issuing' && type !== 'token.refused') return [];
  const { scopes = [], consumer_orgno, supplier_orgno = '', code = '' } = JSON.parse(details) as Details;
  const kind = {
    hour,
    consumer: consumer_orgno ?? orgno ?? '',
    supplier: supplier_orgno,
    client: clientId ?? '',
    code,
    count: 1,
  };
  return ['', ...scopes].map((scope) => ({ ...kind, scope }));
}
