import type { ListForm } from '../domain/list-form.ts';
import { SyncError } from '../domain/sync-error.ts';
import { splitRecords } from './record-splitter.ts';
import type { Answer } from './transport.ts';

const forms: Readonly<Record<string, { readonly form: ListForm; readonly record: string }>> = {
  BackupJobSessions: { form: 'entity', record: 'BackupJobSession' },
  EntityReferences: { form: 'reference', record: 'Ref' },
};

const recordNames = new Set(Object.values(forms).map((form) => form.record));

/**
 * Reads a session list while it arrives. Resolves once its root tells the form; throws SyncError `contract` when it is
 * something else. `records` throws when the document breaks, after every record that was whole before the break.
 */
export async function readSessionList(
  answer: Answer,
): Promise<{ readonly form: ListForm; readonly records: AsyncIterable<readonly Uint8Array[]> }> {
  const splitter = splitRecords(recordNames);
  const chunks = answer.body[Symbol.asyncIterator]();

  async function next(): Promise<{
    records: readonly Uint8Array[];
    broken: SyncError | undefined;
    done: boolean;
  }> {
    const chunk = await chunks.next();
    if (chunk.done === true) {
      try {
        splitter.end();
        return { records: [], broken: undefined, done: true };
      } catch (error) {
        return { records: [], broken: error as SyncError, done: true };
      }
    }
    const { records, broken } = splitter.push(chunk.value);
    return { records: records.map((record) => record.bytes), broken, done: false };
  }

  let first = await next();
  while (splitter.root() === undefined && first.broken === undefined) first = await next();
  const root = splitter.root();
  const known = root === undefined ? undefined : forms[root];
  if (known === undefined) {
    await chunks.return?.();
    throw first.broken === undefined || root !== undefined ? unknownRoot(root) : explain(first.broken);
  }

  async function* records(): AsyncGenerator<readonly Uint8Array[]> {
    try {
      for (let group = first; ; group = await next()) {
        if (group.records.length > 0) yield group.records;
        if (group.broken !== undefined) throw explain(group.broken);
        if (group.done) return;
      }
    } finally {
      await chunks.return?.();
    }
  }
  return { form: known.form, records: records() };
}

function explain(broken: SyncError): SyncError {
  const hint = broken.message.includes('HTML') ? ` ${whereToLook}` : ' What came before is kept.';
  return new SyncError(broken.kind, `The session list ${broken.message}.${hint}`, { cause: broken });
}

function unknownRoot(root: string | undefined): SyncError {
  const what =
    root?.toLowerCase() === 'html'
      ? 'is an HTML page'
      : `begins with <${root ?? ''}>, which is no list of sessions`;
  return new SyncError('contract', `The session list ${what}. ${whereToLook}`);
}

const whereToLook =
  'Is EM_URL the address of Enterprise Manager itself (usually https://host:9398), with no proxy page in between?';
