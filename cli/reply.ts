/** What a server answered; `body` is the JSON value, or undefined when there is none. */
export type Reply = { readonly status: number; readonly headers: Headers; readonly body: unknown };
