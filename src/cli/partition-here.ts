import type { History } from '../db/open-history.ts';
import { partitionHistory, type PartitionMoment } from '../db/partition/partition-history.ts';
import type { App } from './app.ts';
import { bytes, count, duration } from './format.ts';
import { painter } from './paint.ts';
import { progressLine } from './progress-line.ts';

/** Splits the history by source, or makes one table of it again, and says how it goes. Throws SyncError. */
export async function partitionHere(app: App, history: History, partitions: number): Promise<void> {
  const paint = painter(app.stdout);
  const line = progressLine(app.stderr);
  const begun = performance.now();
  const say = tell(app, line);
  const isNew = await partitionHistory(history, { partitions, signal: app.signal, onMoment: say });
  line.clear();
  const shape = partitions === 1 ? 'one table each' : `${partitions} partitions each, by source`;
  app.stdout.write(
    isNew
      ? `${paint('green', '✓')} sessions, tasks and sync_runs are ${shape} now, after ${duration(Math.round(performance.now() - begun))}\n`
      : `${paint('green', '✓')} sessions, tasks and sync_runs are ${shape} already\n`,
  );
}

/** Measured: rows a second with everything that follows, on two cores that had other things to do as well. */
const rowsASecond = { fast: 20_000, slow: 5_000 };

/** A line for each phase, and where there is a terminal one that shows how far it is. */
function tell(app: App, line: ReturnType<typeof progressLine>): (moment: PartitionMoment) => void {
  let total = 0;
  let copied = 0;
  let last = '';
  const phase = (text: string) => {
    if (text === last) return;
    last = text;
    line.clear();
    app.stderr.write(`${text}\n`);
  };
  return (moment) => {
    switch (moment.kind) {
      case 'planned': {
        total = moment.rows;
        const from = duration(1_000 * Math.ceil(1 + total / rowsASecond.fast));
        const to = duration(1_000 * Math.ceil(1 + total / rowsASecond.slow));
        phase(
          `${moment.isResumed ? 'Goes on with the copy that was begun. ' : ''}About ${count(Math.round(total))} rows, ${bytes(moment.bytes)}: ` +
            `as much again has to be free on the server's disk, and as much where it archives its log. Expect ${from} to ${to}. ` +
            'Everything goes on meanwhile; near the end polls wait. It can be stopped at any time: the same command goes on.',
        );
        return;
      }
      case 'copied':
        copied += moment.rows;
        phase('Copying the rows.');
        line.show(
          () =>
            `${moment.table} of ${moment.source}  ${count(copied)} rows copied of about ${count(Math.round(total))}`,
        );
        return;
      case 'indexing':
        phase('Building the indexes.');
        line.show(() => moment.index);
        return;
      case 'waiting':
        phase(`Waits for the sync of ${moment.source} to end.`);
        return;
      case 'held':
        phase('Copying what changed meanwhile. Polls are skipped until the end.');
        return;
      case 'analyzing':
        phase('Gathering statistics.');
        return;
      case 'replacing':
        phase('Comparing and exchanging the tables.');
        return;
      case 'replaced':
        return;
    }
  };
}
