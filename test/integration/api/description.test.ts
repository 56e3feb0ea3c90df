import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAwkwardDatabase } from '../../support/awkward-database.ts';
import { awkwardNames } from '../../support/awkward-history.ts';
import { startApi, type RunningApi } from '../../support/start-api.ts';
import type { TestDatabase } from '../../support/test-database.ts';

type Json = Readonly<Record<string, unknown>>;
type Parameter = {
  readonly name: string;
  readonly in: 'query' | 'path';
  readonly schema: Json & { readonly enum?: readonly unknown[]; readonly items?: Json };
  readonly examples?: unknown;
  readonly example?: unknown;
};
type Operation = {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Parameter[];
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Json }>> }>
  >;
};
type Description = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

let database: TestDatabase;
let api: RunningApi;
let description: Description;
const ajv = new Ajv2020({ strict: false, allErrors: true });
(formats as unknown as (of: Ajv2020) => void)(ajv);

beforeAll(async () => {
  database = await createAwkwardDatabase();
  await database.query(`update sessions set processed_bytes = 9223372036854775807 where is_retry`);
  await database.query(
    `insert into holes (source_id, hole_key, kind, session_id, reason, attempts, first_seen_at, last_tried_at, due_at)
     select source_id, session_id, 'unfetched', session_id, 'Enterprise Manager answered 500.', 2, now(), now(), now()
     from sessions limit 1`,
  );
  await database.query(
    `insert into coverage (source_id, from_at, to_at, first_seen_at)
     select source_id, '2020-01-01', min(from_at), now() from coverage group by source_id`,
  );
  await database.query(
    `insert into labels (source_id, scope, target_key, labels)
     select id, 'source', '00000000-0000-0000-0000-000000000000', '{"customer": "Acme", "site": "Berlin"}' from sources`,
  );
  api = await startApi({ DATABASE_URL: database.url });
  description = (await (await api.ask('/openapi.json')).json()) as Description;
});
afterAll(async () => {
  await api.service.stop();
  await database.drop();
});

const operations = () =>
  Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

/** Asks, and holds the answer against what the description says of it. */
async function askAndCheck(
  { method, operation }: { readonly method: string; readonly operation: Operation },
  address: string,
): Promise<number> {
  const answer = await api.ask(address, { method: method.toUpperCase() });
  const described = operation.responses[String(answer.status)];
  if (described === undefined)
    throw new Error(`${method} ${address} answers ${answer.status}, which is not described`);
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const body = await answer.text();
  if (method === 'head') return answer.status;
  const schema = described.content?.[type]?.schema;
  if (schema === undefined) throw new Error(`${method} ${address} answers ${type}, which is not described`);
  if (type.endsWith('json') && !type.endsWith('ndjson')) {
    const isGood = ajv.validate(schema, JSON.parse(body));
    if (!isGood) throw new Error(`${method} ${address}: ${ajv.errorsText()}\n${body.slice(0, 2_000)}`);
  }
  return answer.status;
}

describe('the description', () => {
  it('is valid OpenAPI 3.1', async () => {
    const result = await new Validator().validate({ ...description });
    expect([result.valid, result.errors, description.openapi]).toEqual([true, undefined, '3.1.0']);
  });

  it('has every address of the contract', () => {
    expect(Object.keys(description.paths).sort()).toEqual(
      [
        '/api/v1/sessions',
        '/api/v1/sessions/{id}',
        '/api/v1/jobs',
        '/api/v1/jobs/{id}',
        '/api/v1/computers',
        '/api/v1/computers/{name}',
        '/api/v1/servers',
        '/api/v1/changes',
        '/api/v1/labels',
        '/api/v1/coverage',
        '/api/v1/holes',
        '/api/v1/reports/daily-totals',
        '/api/v1/reports/daily-outcomes',
        '/api/v1/reports/overdue',
        '/api/v1/reports/outcomes-by-day',
        '/api/v1/reports/computer-calendar',
        '/api/v1/reports/duration-growth',
        '/api/v1/access',
        '/api/v1/sources',
        '/api/v1/sources/{name}/sync',
        '/api/v1/sync-runs',
        '/api/v1/sync-runs/{runId}',
      ].sort(),
    );
  });

  it('describes each parameter with an example, and each answer', () => {
    for (const { operation } of operations()) {
      expect(operation.operationId).toMatch(/^[a-z-]+$/);
      for (const { name, schema, ...parameter } of operation.parameters ?? []) {
        if (!['cursor', 'sort', 'count', 'format'].includes(name))
          expect([name, schema['examples'] ?? parameter.examples ?? parameter.example]).not.toEqual([
            name,
            undefined,
          ]);
      }
      for (const [status, answer] of Object.entries(operation.responses))
        expect([status, (answer as { description?: string }).description]).not.toEqual([
          status,
          'Default Response',
        ]);
    }
  });
});

it('answers every list and every thing in it as described', async () => {
  for (const operation of operations().filter(({ method }) => method === 'get')) {
    if (operation.path.includes('{')) continue;
    expect(await askAndCheck(operation, `${operation.path}?limit=1000`)).toBe(200);
    if (operation.path.endsWith('/access')) continue;
    const { data } = (await (await api.ask(`${operation.path}?limit=60`)).json()) as { data: Json[] };
    // The growth of durations is about the last weeks, and this history is older; and it is whole.
    if (!/duration-growth$|holes$/.test(operation.path)) expect(data.length).toBeGreaterThan(0);
    const one = operations().find(
      ({ path }) => path.startsWith(`${operation.path}/{`) && !path.endsWith('/sync'),
    );
    const key =
      one === undefined
        ? undefined
        : { id: operation.path.endsWith('jobs') ? 'jobId' : 'sessionId', name: 'computer', runId: 'runId' }[
            /\{(\w+)\}/.exec(one.path)?.[1] ?? ''
          ];
    if (one === undefined || key === undefined) continue;
    for (const row of data) {
      const address = one.path.replace(/\{\w+\}/, encodeURIComponent(String(row[key])));
      expect([address, await askAndCheck(one, address)]).toEqual([address, 200]);
    }
  }
});

describe('whatever is asked', () => {
  /** Values as the schema has them, as it does not, and worse. */
  const anything = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom(
      ...awkwardNames,
      '',
      '0',
      '-1',
      '1e9',
      '99999999999999999999',
      'null',
      'true',
      '\0',
      '../..',
    ),
    fc.constantFrom(
      '0001-01-01',
      '9999-12-31T23:59:59.999999+23:59',
      '2026-02-29',
      '2026-10-05T01:00:00,5Z',
      '+275760-09-13',
    ),
    fc.uuid(),
  );
  const valueOf = (schema: Parameter['schema']): fc.Arbitrary<string> => {
    const one = schema.items ?? schema;
    const words = one['enum'] as readonly string[] | undefined;
    const examples = (one['examples'] ?? schema['examples'] ?? []) as readonly string[];
    const known = words ?? examples.flat();
    return known.length === 0
      ? anything
      : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, anything);
  };

  it('is answered as described, and never with a fault of its own', async () => {
    const all = operations();
    const requests = fc.constantFrom(...all).chain((operation) => {
      const parameters = operation.operation.parameters ?? [];
      const query = parameters.filter((parameter) => parameter.in === 'query');
      const path = parameters.filter((parameter) => parameter.in === 'path');
      return fc.record({
        operation: fc.constant(operation),
        path: fc.tuple(...path.map(({ schema }) => valueOf(schema))),
        query: fc.array(
          fc.oneof(
            {
              weight: 8,
              arbitrary:
                query.length === 0
                  ? fc.constant('')
                  : fc
                      .constantFrom(...query)
                      .chain(({ name, schema }) =>
                        valueOf(schema).map((value) => `${name}=${encode(value)}`),
                      ),
            },
            anything.map((value) => `${encode(value)}=${encode(value)}`),
          ),
          { maxLength: 4 },
        ),
      });
    });
    const encode = (value: string) => encodeURIComponent(value);
    await fc.assert(
      fc.asyncProperty(requests, async ({ operation, path, query }) => {
        const parts = path.map((value) => encode(value) || '-');
        const address = `${operation.path.replaceAll(/\{\w+\}/g, () => parts.shift() ?? '')}?${query.join('&')}`;
        // Dots alone are what a client resolves away.
        if (address.split(/[/?]/).some((part) => /^(\.|%2e)+$/i.test(part))) return;
        const status = await askAndCheck(operation, address);
        expect(status).toBeLessThan(500);
      }),
      { numRuns: Number(process.env['FUZZ_RUNS'] ?? 600) },
    );
  });
});
