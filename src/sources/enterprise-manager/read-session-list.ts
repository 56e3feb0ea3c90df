import type { ListForm } from '../../domain/sync-run.ts';
import type { KnownRecords } from '../../domain/known-records.ts';
import { SyncError } from '../../domain/sync-error.ts';
import { splitRecords, type SplitResult } from './record-splitter.ts';
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
  known?: KnownRecords,
): Promise<{ readonly form: ListForm; readonly records: AsyncIterable<readonly Uint8Array[]> }> {
  const splitter = splitRecords(recordNames, known);
  const chunks = answer.body[Symbol.asyncIterator]();

  /** The records of the next chunk; at the end, those that were kept back. */
  async function next(): Promise<Group> {
    try {
      const chunk = await chunks.next();
      if (chunk.done !== true) return group(splitter.push(chunk.value));
    } catch (error) {
      return { ...group(splitter.flush()), broken: error as Error };
    }
    const last = group(splitter.flush());
    try {
      if (last.broken === undefined) splitter.end();
      return { ...last, done: true };
    } catch (error) {
      return { ...last, broken: explain(error as SyncError) };
    }
  }

  let first = await next();
  while (splitter.root() === undefined && first.broken === undefined) first = await next();
  const root = splitter.root();
  const kind = root === undefined ? undefined : forms[root];
  if (kind === undefined) {
    await chunks.return?.();
    throw first.broken === undefined || root !== undefined ? unknownRoot(root) : first.broken;
  }

  async function* records(): AsyncGenerator<readonly Uint8Array[]> {
    try {
      for (let here = first; ; here = await next()) {
        if (here.records.length > 0) yield here.records;
        if (here.broken !== undefined) throw here.broken;
        if (here.done) return;
      }
    } finally {
      await chunks.return?.();
    }
  }
  return { form: kind.form, records: records() };
}

/** `broken`: what to throw once the records are read. */
type Group = {
  readonly records: readonly Uint8Array[];
  readonly broken: Error | undefined;
  readonly done: boolean;
};

function group({ records, broken }: SplitResult): Group {
  return {
    records: records.map((record) => record.bytes),
    broken: broken === undefined ? undefined : explain(broken),
    done: false,
  };
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
