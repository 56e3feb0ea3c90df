import { distributeHistory, type DistributeMoment } from '../db/distribute/distribute-history.ts';
import { examineWorkers } from '../db/distribute/examine-workers.ts';
import type { History } from '../db/open-history.ts';
import type { App } from './app.ts';
import { bytes, count, duration } from './format.ts';
import { painter } from './paint.ts';

/** Distributes the history over the workers of its Citus cluster, and says how it goes. Throws SyncError. */
export async function distributeHere(app: App, history: History): Promise<void> {
  const paint = painter(app.stdout);
  const begun = performance.now();
  const { isNew, distribution } = await distributeHistory(history, {
    signal: app.signal,
    onMoment: tell(app),
  });
  const { shards, workers } = distribution;
  const shape = `all tables are distributed by source: ${shards} shards on ${workers} worker${workers === 1 ? '' : 's'}`;
  app.stdout.write(
    isNew
      ? `${paint('green', '✓')} ${shape}, after ${duration(Math.round(performance.now() - begun))}\n`
      : `${paint('green', '✓')} ${shape} already\n`,
  );
  for (const fault of await examineWorkers(history.pool))
    app.stdout.write(`${paint('yellow', '!')} ${fault}\n`);
}

/** A line for each thing it is at. */
function tell(app: App): (moment: DistributeMoment) => void {
  let last = '';
  const say = (text: string) => {
    if (text === last) return;
    last = text;
    app.stderr.write(`${text}\n`);
  };
  return (moment) => {
    switch (moment.kind) {
      case 'planned':
        say(
          `About ${count(Math.round(moment.rows))} rows, ${bytes(moment.bytes)}, go to ${moment.shards} shards in one transaction. ` +
            'Syncs wait until it ends; it can be stopped until then, and begins anew the next time.',
        );
        return;
      case 'waiting':
        say(`Waits for the sync of ${moment.source} to end.`);
        return;
      case 'distributing':
        say(`${moment.table}: about ${count(Math.round(moment.rows))} rows.`);
        return;
      case 'distributed':
        return;
      case 'clearing':
        say(`Drops the former rows of ${moment.table} from the coordinator.`);
        return;
      case 'analyzing':
        say('Gathering statistics.');
        return;
    }
  };
}
