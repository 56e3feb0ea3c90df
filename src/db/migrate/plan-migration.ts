import { SyncError } from '../../domain/sync-error.ts';
import type { Migration } from './read-migrations.ts';

/** A migration that the database says is done. */
export type AppliedMigration = Pick<Migration, 'name' | 'checksum'>;

/** `upgrade`: the database is one of version 0.1, and all migrations are applied around its rows. */
export type MigrationPlan =
  | { readonly kind: 'none' }
  | { readonly kind: 'apply'; readonly pending: readonly Migration[] }
  | { readonly kind: 'upgrade' };

/** What is to be done. Throws SyncError `permanent` for a database of a version that this one cannot bring on. */
export function planMigration(
  applied: readonly AppliedMigration[],
  migrations: readonly Migration[],
): MigrationPlan {
  const names = new Set(applied.map(({ name }) => name));
  const foreign = applied.filter(({ name }) => !migrations.some((known) => known.name === name));
  if (foreign.length === 0) {
    const pending = migrations.filter(({ name }) => !names.has(name));
    return pending.length === 0 ? { kind: 'none' } : { kind: 'apply', pending };
  }
  if (foreign.some(({ name }) => !(name in version01))) {
    throw new SyncError(
      'permanent',
      `The database has migrations this version does not know (${foreign.map(({ name }) => name).join(', ')}). ` +
        'It was opened by a newer session-history: install that version or a later one.',
    );
  }
  const missing = Object.keys(version01).filter((name) => !names.has(name));
  if (missing.length > 0) {
    throw new SyncError(
      'permanent',
      `The database was made before version 0.1.0 was complete (it lacks ${missing.join(', ')}). ` +
        'Run `session-history migrate` of version 0.1.0 on it, then this version.',
    );
  }
  const altered = foreign.filter(({ name, checksum }) => version01[name] !== checksum);
  if (altered.length > 0 || applied.length > foreign.length) {
    throw new SyncError(
      'permanent',
      `The database was made by an altered version 0.1 (${altered.map(({ name }) => name).join(', ')}): ` +
        'this version knows how to bring over 0.1.0 as it was released only.',
    );
  }
  return { kind: 'upgrade' };
}

/** The migrations of version 0.1.0 with their checksums. */
const version01: Readonly<Record<string, string>> = {
  '20261123000000_history': '34d1bd66619009a1dcb0d2136451f46934c8b03e6e66fcd38a3254a911738034',
  '20261123000100_report': '7ef4c0c8105ee1b15aaba1cb0f937a178d5be95a93b0a8652c75099fe305c8ae',
  '20261124000000_service': '809810243f68f6d624642ed21d10e602ab2e6cd33a6d827b445196f38e103781',
  '20261124010000_query': '687f02f449545a6ff7dff0ed80b93adb082573501e6553ee02d96cb383beb06e',
  '20261124020000_report_figures': '52c0e958ff35a71decb8a979550c6506c70db306307c088df3404474f078373e',
  '20261125000000_unknown_sizes': '236bed1488ccf3a34b35ba1bbec8e4e5d7ba873da60b49fcbac6b62840d88ea0',
  '20261125030000_report_runs': '119cd3003eb4aea267f16a85b0c1691d9b7c671d400ee29c32d4f17fec41625d',
  '20261125042000_filter_pairs': '2cd9fec480bb7b68da1bce76a6d2b967e20fb09a8c027219bf30f279fe591ff1',
  '20261125060000_first_sync_plans': 'bd45b02605add43db33f83bb37e5b7e450979978dd64ef5e36fb6d69327bbfd2',
  '20261125120000_parent_of_a_session': 'd1f97871cf90ed1d8e05def4787f5ac4147ff457b3fc1f2cc49a5b1374b115c9',
  '20261125130000_lighter_runs': '6b464036ae0fc09b66dc4e137915feb7c5e581f83d58116471aef3c3ee8bec4e',
  '20261125143000_search_names': 'a43dc24364688d3d2ea1cd30368c3410969d5f5944cba7b57a567115681033c5',
  '20261125150000_listed_stretches': 'f0553298a227b8b20f1612b3527ba2b891e3b2380e4c13adf0b3bc6f2a59c9e8',
};
