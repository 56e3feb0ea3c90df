import type { History } from '../db/open-history.ts';
import { readComputerStates } from '../db/computer-states.ts';
import { computerStates, countComputers } from '../domain/computer-state.ts';
import type { App, ExitCode } from './app.ts';

const words = ['OK', 'WARNING', 'CRITICAL', 'UNKNOWN'] as const;

/**
 * One line about the backups as monitoring plug-ins print it: critical where computers are overdue or failed last, or sessions
 * are about to be lost; warning where they missed a run or were never backed up. Whatever keeps it from knowing is unknown.
 */
export async function runNagiosCommand(
  app: App,
  only: { readonly source?: string; readonly customer?: string },
): Promise<ExitCode> {
  const say = (code: ExitCode, text: string, data = '') => {
    app.stdout.write(`SESSION HISTORY ${words[code]} - ${text.replaceAll(/[|\r\n]+/g, ' ')}${data}\n`);
    return code;
  };
  let history: History | undefined;
  try {
    history = await app.openHistory(app.readConfig());
    const counts = countComputers(
      (await readComputerStates(history)).filter(
        ({ source, customer }) =>
          (only.source === undefined || source === only.source) &&
          (only.customer === undefined || customer === only.customer),
      ),
    );
    const [health] = (
      await history.pool.query<{ days: number | null; sources: number }>(
        `select min(days_until_loss) as days, count(*)::integer as sources from report.source_health
         where $1::text is null or source = $1::text`,
        [only.source ?? null],
      )
    ).rows;
    if ((health?.sources ?? 0) === 0) return say(3, 'there is no such source');
    const days = health?.days ?? null;
    const told = computerStates.map((state) => `${counts[state]} ${state}`).join(', ');
    const data = [
      ...computerStates.map((state) => `${state}=${counts[state]};;;0`),
      ...(days === null ? [] : [`days_until_loss=${days.toFixed(2)};5:;1:`]),
    ].join(' ');
    const isCritical = counts.overdue > 0 || counts.failed > 0 || (days !== null && days < 1);
    const isWarning = counts.missed > 0 || counts.never > 0 || days === null || days < 5;
    const loss = days === null ? 'never read' : `${days.toFixed(1)} days until loss`;
    return say(isCritical ? 2 : isWarning ? 1 : 0, `${told}; ${loss}`, ` | ${data}`);
  } catch (error) {
    return say(3, (error as Error).message);
  } finally {
    await history?.close();
  }
}
