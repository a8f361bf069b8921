import { AdminTokens } from './admin-token.ts';
import { ApiClient, openApi, path } from './api-client.ts';
import { EXPLAIN } from './api-scopes.ts';
import { type Explanation, explanation as explanationShape } from './api-shapes.ts';
import { isAnonymous } from './context.ts';
import { devContexts } from './dev-context.ts';
import { assertWouldIssue, explanationView } from './explanation-view.ts';
import { Failure } from './failure.ts';
import { readJws } from './input.ts';
import { isRecord, parseJson } from './json.ts';
import type { Terminal } from './terminal.ts';

/** Shows why a request was refused. @throws {Failure} `not-found` when nothing with the id is kept for whoever asks */
export async function explainRefusal(id: string, terminal: Terminal): Promise<void> {
  await terminal.answer(await findRefusal(id, await explainers(terminal)), explanationView);
}

/** Has the server judge an assertion that is not spent. @throws {Failure} `refused` when it would be */
export async function explainAssertion(argument: string, terminal: Terminal): Promise<void> {
  const assertion = await readJws(argument);
  const [api] = await explainers(terminal, audiencesOf(assertion));
  if (!api) return;
  const { object } = await api.query('/explanations', { body: { assertion }, scopes: EXPLAIN, shape: explanationShape });
  await terminal.answer(object, explanationView);
  assertWouldIssue(object);
}

/** Asks one after the other: an id does not say which of several dev servers it is from. */
async function findRefusal(id: string, [api, ...others]: readonly ApiClient[]): Promise<Explanation> {
  if (!api) throw new Error('nobody can be asked');
  try {
    return (await api.get(path`/explanations/${id}`, explanationShape, EXPLAIN)).object;
  } catch (error) {
    if (others.length > 0 && error instanceof Failure && error.exit === 'not-found') return findRefusal(id, others);
    throw error;
  }
}

/** As whom may be asked: as the chosen context; where nobody has logged in, as a client of the dev servers that run. */
async function explainers(terminal: Terminal, about: readonly string[] = []): Promise<readonly ApiClient[]> {
  const worlds = (await isAnonymous(terminal)) ? await devContexts(terminal, about) : [];
  if (worlds.length === 0) return [await openApi(terminal)];
  return worlds.map((context) => new ApiClient(context.server, { terminal, tokens: new AdminTokens(context, terminal) }));
}

/** The servers that it says it is for. Where it cannot be read it says nothing, and the server tells why. */
function audiencesOf(assertion: string): readonly string[] {
  const [, claims = ''] = assertion.split('.');
  const said = parseJson(Buffer.from(claims, 'base64url').toString());
  const audiences = isRecord(said) ? [said.aud].flat() : [];
  return audiences.filter((audience) => typeof audience === 'string');
}
