/** What a query is narrowed by for each member of a filter. */
export type Conditions<Filter> = Readonly<Partial<Record<keyof Filter, string>>>;

/** Those of the members that a filter has. */
export function conditionsFor<Filter extends object>(conditions: Conditions<Filter>, filter: Filter): readonly string[] {
  const members = Object.keys(conditions) as (keyof Filter)[];
  return members.flatMap((member) => (filter[member] === undefined ? [] : (conditions[member] ?? [])));
}
