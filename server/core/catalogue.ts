/** One refusal that Portvakt can give. Contract §3.2 and §3.3 */
export type CatalogueEntry = {
  /** The `error` member. RFC 6749 §5.2, or one of Maskinporten's two own codes. */
  readonly error: string;
  readonly status: number;
  /**
   * The public sentence, with `{places}` for values that have passed their own grammar. Clients match on parts of it, so the
   * words of an `MP-` code are Maskinporten's and stay as they are.
   */
  readonly phrase: string;
  /** Why it happens, in a sentence. */
  readonly cause: string;
  /** What to do about it, in a sentence. */
  readonly fix: string;
};

/** How every refusal of a client's authentication begins. Contract §3.1 */
const UNAUTHENTICATED = 'Invalid assertion. Client authentication failed.';

/**
 * Every refusal, in the families of contract §3.2: 01x form and claims, 1xx client, 11x audience, 12x key and certificate,
 * 13x time, 20x scope, 25x access and delegation, 30x authorization details, 40x limits, 50x ours,
 * 6xx the self-service API. An `MP-` code means what
 * Maskinporten documents; what it has no published code for is ours, `PV-`. This is the only list of errors: the pages at
 * `/errors/CODE`, `portvakt explain CODE` and docs/reference/errors.md are made from it.
 */
export const catalogue = {
  'MP-011': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Invalid assertion. Invalid parameter value',
    cause: 'The assertion cannot be read, or a claim that is required is missing or has a value it cannot have.',
    fix: 'Send one compact JWS without line breaks or padding, with iss, aud, scope, iat and exp of the documented types; portvakt assertion inspect shows what is wrong.',
  },
  'MP-012': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Validation of JWT Bearer grant failed. Grant is used before',
    cause: 'This assertion, or another with the same jti, has been sent by this client before.',
    fix: 'Sign a new assertion with a fresh jti for every request, and cache the access token until it ends.',
  },
  'MP-100': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Client not found`,
    cause:
      'No active client at this server has the client id in iss: it may belong to another environment, or be disabled, or its organisation may be.',
    fix: 'Check that iss is the client id and that the request goes to the environment where the client is registered.',
  },
  'MP-110': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT claim aud`,
    cause: "The claim aud is not this server's issuer, character by character.",
    fix: 'Set aud to the issuer from the metadata document, final slash included; the address of the token endpoint is not accepted.',
  },
  'MP-120': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} The JWT is signed with an invalid certificate.`,
    cause:
      'The certificate has ended or not begun, is revoked, is not an enterprise certificate, or was not issued by an authority that this server trusts.',
    fix: 'Use a valid enterprise certificate of this environment, and send its intermediates in x5c if the server does not hold them.',
  },
  'MP-121': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Expired key.`,
    cause: 'The registered key named by kid has passed its end; a key lives for at most a year after it was registered.',
    fix: 'Register a new key on the client, or the same key again, and sign with it.',
  },
  'MP-122': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT. Invalid organization number for client. Does not match certificate orgno`,
    cause: "The organisation in the certificate is not the client's organisation.",
    fix: "Sign with the certificate of the client's own organisation, or use a client that belongs to the certificate's organisation.",
  },
  'MP-123': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT header x5c`,
    cause: 'The header x5c is not an array of one to five certificates in standard base64 DER.',
    fix: 'Send x5c as a JSON array of strings, the own certificate first, each the base64 of the DER without PEM lines.',
  },
  'MP-124': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT signature`,
    cause: "The signature does not verify with the client's key.",
    fix: 'Sign with the private key that belongs to the registered key or to the first certificate in x5c, and change nothing afterwards.',
  },
  'MP-130': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Invalid assertion. JWT is expired',
    cause: 'The assertion has passed its exp, or was issued longer ago than this server allows.',
    fix: 'Sign the assertion right before sending it, and keep the clock set by NTP.',
  },
  'MP-200': {
    error: 'invalid_scope',
    status: 400,
    phrase: 'Token request contains invalid scopes for client{scopes}',
    cause: 'A scope in the request does not exist, is inactive, or is not registered on the client.',
    fix: 'Register the scope on the client, or ask only for scopes that are; separate them by spaces and name each once.',
  },
  'MP-201': {
    error: 'invalid_scope',
    status: 400,
    phrase: 'Token request contains scopes not allowed for maskinporten{scopes}',
    cause: "The scope's owner has opened it for other kinds of client only (allowed_integration_types).",
    fix: "Ask the scope's owner to allow the client's integration type, or use another scope.",
  },
  'MP-250': {
    error: 'forbidden',
    status: 403,
    phrase: 'Consumer has not been granted access to the scope {scope}',
    cause: "The scope's owner has not given the consumer access to it, or has withdrawn the access.",
    fix: "Ask the scope's owner to let the consumer's organisation in.",
  },
  'MP-251': {
    error: 'forbidden',
    status: 403,
    phrase: 'Consumer {consumer} has not delegated access to the scope {scope} to supplier {supplier}.',
    cause: 'The consumer has no delegation in force for this scope to the supplier, or the scope cannot be delegated.',
    fix: 'Ask the consumer to delegate the scope to the supplier, or leave consumer_org out to act for the own organisation.',
  },
  'MP-301': {
    error: 'invalid_authorization_details',
    status: 400,
    phrase: 'Unknown authorization details type',
    cause: 'The type in authorization_details is not one that this server serves.',
    fix: 'Use a type from authorization_details_types_supported in the metadata document.',
  },
  'MP-302': {
    error: 'invalid_authorization_details',
    status: 400,
    phrase: 'Unknown fields in the authorization details',
    cause: 'The object in authorization_details has a member that its type does not know.',
    fix: 'Send only the members that the type has; spelling and case count.',
  },
  'MP-303': {
    error: 'invalid_authorization_details',
    status: 400,
    phrase: 'Invalid authorization details values{reason}',
    cause: 'A value in authorization_details is malformed, or no system user or usable consent answers to it.',
    fix: 'Check the organisation number, externalRef and identifiers, and that the customer has approved the system user or given the consent.',
  },
  'PV-010': {
    error: 'invalid_request',
    status: 400,
    phrase: 'The request is not a form with one grant_type and one assertion',
    cause:
      'The media type is not application/x-www-form-urlencoded, a field is missing, empty, repeated or badly encoded, or the assertion stands in the address.',
    fix: 'POST a form body with exactly one grant_type and one assertion, percent-encoded as UTF-8.',
  },
  'PV-013': {
    error: 'unsupported_grant_type',
    status: 400,
    phrase: 'The grant_type is not supported',
    cause: 'The grant_type is another than the JWT bearer grant.',
    fix: 'Set grant_type to urn:ietf:params:oauth:grant-type:jwt-bearer.',
  },
  'PV-014': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Invalid assertion. Unknown claim{claim}',
    cause: 'The assertion holds a claim that is not documented; unknown claims are refused, not ignored.',
    fix: 'Remove the claim; the documented ones are in docs/issuing-a-token.md.',
  },
  'PV-015': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Invalid assertion. consumer_org and iss_onbehalfof exclude each other',
    cause: 'The assertion holds both consumer_org and iss_onbehalfof.',
    fix: 'Send consumer_org alone.',
  },
  'PV-016': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Invalid assertion. iss_onbehalfof is not in use at this server',
    cause: 'The claim iss_onbehalfof is deprecated and switched off here.',
    fix: 'Use delegation with consumer_org.',
  },
  'PV-017': {
    error: 'not_found',
    status: 404,
    phrase: 'There is nothing at this address',
    cause: 'The path is not one that this server answers.',
    fix: 'Take the addresses from /.well-known/oauth-authorization-server.',
  },
  'PV-018': {
    error: 'invalid_request',
    status: 405,
    phrase: 'The method is not allowed at this address',
    cause: 'The address exists, but not for this method.',
    fix: 'Use a method from the Allow header: the token endpoint takes POST, documents take GET and HEAD.',
  },
  'PV-019': {
    error: 'invalid_request',
    status: 413,
    phrase: 'The request body is too large',
    cause: 'The body is larger than this server reads.',
    fix: 'Send the form alone; an assertion with a full certificate chain fits in 32 KiB.',
  },
  'PV-020': {
    error: 'invalid_request',
    status: 415,
    phrase: 'The request body must not be compressed',
    cause: 'The request carries a Content-Encoding.',
    fix: 'Send the body as it is, without Content-Encoding.',
  },
  'PV-021': {
    error: 'invalid_request',
    status: 431,
    phrase: 'The request header is too large',
    cause: 'The header is larger than 16 KiB or has more than 100 fields.',
    fix: 'Send fewer and shorter header fields; the token endpoint needs Host, Content-Type and Content-Length.',
  },
  'PV-022': {
    error: 'invalid_request',
    status: 408,
    phrase: 'The request was not complete in time',
    cause: 'The header took longer than 10 seconds or the whole request longer than 15.',
    fix: 'Send the request in one go.',
  },
  'PV-023': {
    error: 'invalid_request',
    status: 400,
    phrase: 'The request is not HTTP',
    cause: 'What was sent cannot be read as an HTTP/1.1 request.',
    fix: 'Use an HTTP client, and https only where this server has TLS.',
  },
  'PV-125': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Unknown key identifier (kid) for client.`,
    cause: 'The client has no registered key with this kid.',
    fix: 'Use the kid of a key that is registered on the client named in iss, or register the key.',
  },
  'PV-126': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided`,
    cause: 'The client has registered keys, so it cannot authenticate with a certificate.',
    fix: 'Sign with a registered key and name it by kid, or remove the keys from the client to use its enterprise certificate.',
  },
  'PV-127': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT header. Neither kid nor x5c`,
    cause: 'The header names no key: neither kid nor x5c.',
    fix: 'Name a registered key by kid, or send the enterprise certificate in x5c.',
  },
  'PV-128': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT header. Both kid and x5c`,
    cause: 'The header names its key twice, by kid and by x5c.',
    fix: 'Send kid alone for a registered key, x5c alone for an enterprise certificate.',
  },
  'PV-129': {
    error: 'invalid_grant',
    status: 400,
    phrase: `${UNAUTHENTICATED} Invalid JWT header alg`,
    cause: 'The alg in the header is not the one that the key is registered for, or is not possible with the key.',
    fix: 'Sign with the alg that the key is registered with.',
  },
  'PV-131': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Invalid assertion. Issue time is after now',
    cause: "The claim iat lies more than 10 seconds ahead of this server's clock.",
    fix: 'Set the clock by NTP, and sign right before sending.',
  },
  'PV-132': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Invalid JWT. The lifetime exp - iat is {lifetime} seconds, and must be 1 to 120',
    cause: 'The assertion lives for no time at all or for more than 120 seconds.',
    fix: 'Set exp at most 120 seconds after iat.',
  },
  'PV-133': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Invalid assertion. Issue time is after now (nbf)',
    cause: "The claim nbf lies more than 10 seconds ahead of this server's clock.",
    fix: 'Set the clock by NTP, or leave nbf out.',
  },
  'PV-134': {
    error: 'invalid_grant',
    status: 400,
    phrase: 'Invalid assertion. It cannot be known whether the JWT was used before',
    cause:
      'The assertion was issued before the server was restored from a backup, or ends when used ones did that it has forgotten: its clock ran ahead, and was set back.',
    fix: 'Sign a new assertion and send it; if that is refused too, the operator finds with portvakt db status how long it lasts.',
  },
  'PV-202': {
    error: 'invalid_scope',
    status: 400,
    phrase: 'Token request contains scopes that demand a qualified seal{scopes}',
    cause:
      "The scope's owner opens it only to clients that sign with a qualified certificate for electronic seals (requires_qualified_seal); the client used a registered key, or another certificate.",
    fix: "Sign with a qualified certificate for electronic seals, of an issuer that this server trusts for them, or ask the scope's owner to open it.",
  },
  'PV-203': {
    error: 'invalid_scope',
    status: 400,
    phrase: 'Token request contains scopes that no signature suits{algorithms}',
    cause:
      'The scopes ask for access tokens that are signed with different algorithms, or with one that this server does not sign with (access_token_signing_alg of the scope, token.signing_algorithms of the server).',
    fix: "Ask for scopes that want the same algorithm in one token and for the others in another; where a single scope is refused, its owner chooses an algorithm of this server's.",
  },
  'PV-252': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Validation of JWT claim failed: The combination consumer_org in claim and delegation scope on client is invalid',
    cause: "The claim consumer_org names the client's own organisation.",
    fix: 'Leave consumer_org out to act for the own organisation.',
  },
  'PV-253': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Validation of JWT claim failed: consumer_org cannot be used by a client that a supplier made for its customer',
    cause: 'The client already acts for its customer; a chain of delegations is not possible.',
    fix: "Use a client of the supplier's own organisation.",
  },
  'PV-254': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Validation of JWT claim failed: the scopes have different delegation sources',
    cause: 'The scopes are delegated through different sources, and a token names only one.',
    fix: 'Ask for the scopes of each source in a token of its own.',
  },
  'PV-255': {
    error: 'invalid_request',
    status: 400,
    phrase: 'Invalid assertion. The value of iss_onbehalfof cannot be used',
    cause:
      'The value of iss_onbehalfof is not registered on the client, or a scope in the request is delegated through a source.',
    fix: 'Register the value on the client, or use delegation with consumer_org.',
  },
  'PV-401': {
    error: 'rate_limited',
    status: 429,
    phrase: 'Too many requests',
    cause: 'The client, its organisation or its address has sent more requests than this server admits.',
    fix: 'Wait as long as Retry-After says, and cache access tokens until they end.',
  },
  'PV-402': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server is busy or stopping',
    cause: 'The server has more requests than it can answer in time, or is about to stop.',
    fix: 'Try again after the seconds in Retry-After.',
  },
  'PV-500': {
    error: 'server_error',
    status: 500,
    phrase: 'The server met an error of its own',
    cause: 'Something that nobody foresaw; it is in the log with the trace id.',
    fix: 'Report the trace id to the operator.',
  },
  'PV-501': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'A service that must be asked cannot be reached',
    cause: 'The source of delegations, system users or consents did not answer, and without its answer nothing is issued.',
    fix: 'Try again after the seconds in Retry-After.',
  },
  'PV-502': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server cannot reach its store',
    cause: "The server's database is unreachable, locked, full or read-only, so that nothing can be issued safely.",
    fix: 'Try again in a few seconds; the operator finds the reason in the log.',
  },
  'PV-503': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The clock of the server has jumped',
    cause:
      "The server's clock was set by more than 30 seconds within moments, so that times cannot be judged until it has run straight for a minute.",
    fix: 'Send the request to another node or a minute later; the operator sets the clock by NTP.',
  },
  'PV-504': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server is stopping',
    cause: 'It has been told to stop, and finishes what it has been asked.',
    fix: 'Send the request to another node, or here again in a few seconds.',
  },
  'PV-505': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server is slow to answer',
    cause: 'Within the last seconds something has held it up for more than half a second, or one of its workers does not answer.',
    fix: 'Send the request to another node, or here again in a few seconds.',
  },
  'PV-506': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server cannot load the key that it signs with',
    cause: 'The key that signs now has been changed, and this process cannot open its file: nothing is signed with another.',
    fix: 'Send the request to another node, or here again in a few seconds; the operator finds the file and the reason in the log.',
  },
  'PV-507': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The clock of the server is not that of the database',
    cause: "The server's clock and the clock of the database that it shares with others are more than 5 seconds apart.",
    fix: 'Send the request to another node; the operator sets both clocks by NTP.',
  },
  'PV-508': {
    error: 'temporarily_unavailable',
    status: 503,
    phrase: 'The server took too long',
    cause:
      'The store, or a source that must be asked, was so slow that the request was not done before its sender would have given up.',
    fix: 'Sign a fresh assertion and try again in a few seconds: this one may be used by now. The operator sees in the metrics how long commits take.',
  },
  'PV-601': {
    error: 'invalid_request',
    status: 400,
    phrase: 'The request has a value that it cannot have',
    cause: 'A member of the body, the path or the query is missing, of the wrong type, or breaks the rules of its field.',
    fix: 'Read the errors list: each item names the field and what it must be.',
  },
  'PV-602': {
    error: 'invalid_request',
    status: 400,
    phrase: 'The body is not one JSON object',
    cause: 'The body is no JSON, is no object, names a member twice, is not UTF-8, or is nested or filled beyond all reason.',
    fix: 'Send one JSON object in UTF-8, each member once.',
  },
  'PV-603': {
    error: 'invalid_request',
    status: 415,
    phrase: 'The body is not JSON',
    cause: 'The Content-Type of the body is another than application/json.',
    fix: 'Send JSON with Content-Type: application/json.',
  },
  'PV-604': {
    error: 'not_found',
    status: 404,
    phrase: 'There is no such object',
    cause: 'The object does not exist, or it is not yours: both look the same on purpose.',
    fix: 'Check the identifier, and that the token belongs to the organisation that owns the object.',
  },
  'PV-605': {
    error: 'forbidden',
    status: 403,
    phrase: 'This issuer mints no tokens for tests',
    cause: 'Tokens with faults come from development and test issuers alone; this one serves production.',
    fix: 'Start portvakt dev, or ask an issuer whose configuration says environment: test.',
  },
  'PV-606': {
    error: 'not_found',
    status: 404,
    phrase: 'No explanation with this id is kept for you',
    cause:
      'No token request of yours was refused with this id, or it is longer ago than explanations are kept, or it was not kept because the server was busy: all look the same on purpose.',
    fix: 'Check that the id is the trace_id of a refused token request, and that the token belongs to the organisation whose client it was; or send the assertion itself.',
  },
  'PV-609': {
    error: 'conflict',
    status: 409,
    phrase: 'The object is not in a state that allows this',
    cause: 'What should be created exists already, perhaps inactive, or the object stands in the way of the change.',
    fix: 'Change the existing object instead; an inactive one is revived by PUT with active true.',
  },
  'PV-612': {
    error: 'precondition_failed',
    status: 412,
    phrase: 'The object has been changed meanwhile',
    cause: 'The If-Match of the request is not the ETag that the object has now.',
    fix: 'Read the object again, look at what changed, and send the change with the new ETag.',
  },
  'PV-622': {
    error: 'idempotency_conflict',
    status: 422,
    phrase: 'The idempotency key was used for another request',
    cause: 'The same client has sent this Idempotency-Key within the last 24 hours with another address or body.',
    fix: 'Make a new key for every request, and repeat a request with the very same body.',
  },
  'PV-628': {
    error: 'precondition_required',
    status: 428,
    phrase: 'The change needs If-Match',
    cause: 'Changes of this resource are made against a version, so that nobody overwrites what he has not seen.',
    fix: 'Read the object and send its ETag as If-Match.',
  },
  'PV-640': {
    error: 'invalid_token',
    status: 401,
    phrase: 'The access token is missing, invalid or no longer in force',
    cause:
      'The request carries no token of this server, or one that has ended, or one whose client or organisation is disabled or has lost the scope.',
    fix: 'Fetch a new token with an admin scope and send it as Authorization: Bearer.',
  },
  'PV-641': {
    error: 'forbidden',
    status: 403,
    phrase: 'The access token lacks a scope for this: {scopes}',
    cause: 'The token holds none of the admin scopes that open this address.',
    fix: 'Ask for a token with the scope; the operator gives it to the organisation, which registers it on its client.',
  },
  'PV-642': {
    error: 'forbidden',
    status: 403,
    phrase: 'A token of a supplier acting for a customer cannot be used here',
    cause: 'The token names a supplier; administration is done by organisations themselves.',
    fix: 'Use a client of the own organisation, without consumer_org.',
  },
  'PV-643': {
    error: 'forbidden',
    status: 403,
    phrase: 'The organisation may not do this',
    cause: 'The prefix belongs to another organisation, or the object would belong to another organisation.',
    fix: 'Use a prefix of your own, or leave the organisation out; a supplier needs idporten:dcr.supplier.',
  },
} as const satisfies Readonly<Record<`${'MP' | 'PV'}-${number}`, CatalogueEntry>>;

export type FaultCode = keyof typeof catalogue;

/** Whether the text is a code of the catalogue. */
export function isFaultCode(text: string): text is FaultCode {
  return Object.hasOwn(catalogue, text);
}
