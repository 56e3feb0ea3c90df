import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import * as engineModule from '@prisma/schema-engine-wasm/schema_engine_bg';
import type { SchemaEngine } from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';

/**
 * Prisma's own migration engine in its WebAssembly build: the one inside the Prisma CLI is a binary that is downloaded
 * at first use, which closed networks do not allow. The version of the package belongs to the version of Prisma.
 * `migrations` are the scripts to be run, text to name; `onScriptFailure` hears what PostgreSQL said, which the engine keeps to
 * itself.
 */
export async function openSchemaEngine(
  pool: pg.Pool,
  migrations: ReadonlyMap<string, string>,
  onScriptFailure: (error: Error) => void,
): Promise<SchemaEngine> {
  await loadEngine();
  return engineModule.SchemaEngine.new(
    { datamodels: undefined },
    () => undefined,
    bindMigrationAwareSqlAdapterFactory(runScriptsWhole(new PrismaPg(pool), migrations, onScriptFailure)),
  );
}

type Exports = Record<string, unknown>;

// The global is there; the types of Node 20 do not say so.
declare const WebAssembly: {
  compile(bytes: Uint8Array): Promise<object>;
  instantiate(module: object, imports: Record<string, object>): Promise<{ readonly exports: Exports }>;
};

type EngineInternals = { __wbg_set_wasm(exports: Exports): void };

let loaded: Promise<void> | undefined;

function loadEngine(): Promise<void> {
  loaded ??= (async () => {
    const require = createRequire(import.meta.url);
    const folder = path.dirname(require.resolve('@prisma/schema-engine-wasm'));
    const module = await WebAssembly.compile(await readFile(path.join(folder, 'schema_engine_bg.wasm')));
    const instance = await WebAssembly.instantiate(module, {
      './schema_engine_bg.js': withIdleTimers(engineModule),
    });
    (engineModule as unknown as EngineInternals).__wbg_set_wasm(instance.exports);
    (instance.exports['__wbindgen_start'] as () => void)();
  })();
  return loaded;
}

/**
 * The engine bounds its wait for the database's lock with a timer of ten seconds that it does not take back: for so long a
 * process that has nothing else to do would hang before it ends.
 */
function withIdleTimers(imports: object): object {
  const entries = Object.entries(imports).map(([name, value]: [string, unknown]) => {
    if (!name.startsWith('__wbg_setTimeout_')) return [name, value] as const;
    const start = value as (...values: unknown[]) => unknown;
    return [
      name,
      (...values: unknown[]) => {
        const timer = start(...values);
        (timer as NodeJS.Timeout).unref();
        return timer;
      },
    ] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The adapter cuts scripts at every semicolon, which breaks function bodies and comments and leaves half a migration
 * behind when a statement fails. Sent whole, PostgreSQL runs the script as one transaction; the mark that it was applied
 * goes into the same transaction, so that a process killed at any moment leaves neither or both.
 */
function runScriptsWhole(
  factory: PrismaPg,
  migrations: ReadonlyMap<string, string>,
  onFailure: (error: Error) => void,
): PrismaPg {
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const adapter = await connect();
    adapter.executeScript = async (script) => {
      const name = migrations.get(script);
      try {
        await adapter
          .underlyingDriver()
          .query(name === undefined ? script : `${script}\n;${markApplied(name)}`);
      } catch (error) {
        onFailure(error as Error);
        throw error;
      }
    };
    return adapter;
  };
  return factory;
}

const markApplied = (name: string) =>
  `update _prisma_migrations set finished_at = now() where migration_name = ${pg.escapeLiteral(name)} and finished_at is null`;
