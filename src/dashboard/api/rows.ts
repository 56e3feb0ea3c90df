import type { paths } from '../generated/api.ts';

type Get<Body> = {
  readonly get: {
    readonly responses: { readonly 200: { readonly content: { readonly 'application/json': Body } } };
  };
};
type Answer<P extends keyof paths> = P extends keyof paths
  ? paths[P] extends Get<infer Body>
    ? Body
    : never
  : never;

/** Addresses that answer with a page of rows, and their number if asked. */
export type ListPath = {
  [P in keyof paths]: Answer<P> extends { readonly data: readonly unknown[]; readonly page: infer Page }
    ? 'count' extends keyof Page
      ? P
      : never
    : never;
}[keyof paths];

/** A page of rows. */
export type List<P extends ListPath> = Extract<Answer<P>, { readonly data: readonly unknown[] }>;
export type Row<P extends ListPath> = List<P>['data'][number];

export type Session = Row<'/api/v1/sessions'>;
export type SessionDetails = Answer<'/api/v1/sessions/{id}'>;
export type ComputerCalendar = Row<'/api/v1/reports/computer-calendar'>;
export type SyncRun = Row<'/api/v1/sync-runs'>;
export type Source = Row<'/api/v1/sources'>;
export type Span = Row<'/api/v1/coverage'>;
export type Hole = Row<'/api/v1/holes'>;
export type Computer = Row<'/api/v1/computers'>;
export type Label = Row<'/api/v1/labels'>;
export type DayOutcomes = Row<'/api/v1/reports/outcomes-by-day'>;
export type Access = Answer<'/api/v1/access'>;
export type Outcome = Session['outcome'];
