import { PAGE_POLICY } from '../http/page.ts';
import { apiPage } from './api-page.ts';
import { Document } from './document.ts';
import { openApi } from './openapi.ts';
import { type Route, route } from './route.ts';

/** What the API says of itself: a document for programs, and a page for people; made when the first asks, for it takes longer than to start. */
export function documentRoutes(operations: readonly Route[]): readonly Route[] {
  let made: { readonly description: Document; readonly page: Document } | undefined;
  const documents = () => {
    made ??= make(operations);
    return made;
  };
  return [
    route({
      method: 'GET',
      path: '/openapi.json',
      manners: 'own',
      scopes: 'public',
      summary: 'The API as an OpenAPI 3.1 document',
      handle: async () => documents().description,
    }),
    ...['/', '/docs'].map((path) =>
      route({
        method: 'GET',
        path,
        manners: 'own',
        scopes: 'public',
        summary: 'The API as a page',
        handle: async () => documents().page,
      }),
    ),
  ];
}

function make(operations: readonly Route[]): { readonly description: Document; readonly page: Document } {
  const document = openApi(operations);
  return {
    description: new Document('application/json', JSON.stringify(document)),
    page: new Document('text/html; charset=utf-8', apiPage(document), PAGE_POLICY),
  };
}
