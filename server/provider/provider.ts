import { generateKeyPairSync } from 'node:crypto';
import { type Adapter, type Configuration, Provider } from 'oidc-provider';

/**
 * The engine: oidc-provider and its koa app, on which our own middlewares stand in front of the engine's router
 * (docs/decisions/0002). None of its own endpoints is served yet, so it has no store and no key that anything relies on.
 * @param notice receives what the engine would print on standard output.
 */
export function createEngine(issuer: string, notice: (text: string) => void): Provider {
  const engine = withNotices(notice, () => new Provider(issuer, configuration()));
  engine.on('server_error', (_ctx, error) => notice(error.message));
  return engine;
}

function configuration(): Configuration {
  return {
    adapter: () => NO_STORE,
    // The engine demands a key set of its own; /jwk is ours and never shows this one.
    jwks: { keys: [generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' })] },
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false }, userinfo: { enabled: false } },
    responseTypes: [],
    scopes: [],
    cookies: { keys: [] },
  };
}

/** Nothing that is served needs the engine to remember anything; to be asked to is a fault of ours. */
const NO_STORE: Adapter = {
  upsert: refuse,
  find: async () => undefined,
  findByUserCode: async () => undefined,
  findByUid: async () => undefined,
  consume: refuse,
  destroy: refuse,
  revokeByGrantId: refuse,
};

async function refuse(): Promise<never> {
  throw new Error('the engine has no store');
}

/** The engine prints its notices with `console`; what it says while it is built goes to the log instead. */
function withNotices<T>(notice: (text: string) => void, build: () => T): T {
  const { info, warn } = console;
  const say = (...words: unknown[]): void => notice(words.map(String).join(' '));
  Object.assign(console, { info: say, warn: say });
  try {
    return build();
  } finally {
    Object.assign(console, { info, warn });
  }
}
