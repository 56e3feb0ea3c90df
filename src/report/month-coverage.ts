import type { MonthReport } from '../query/month/read-month.ts';
import { html, type Html } from './html.ts';
import { coverageChart } from './month-charts.ts';
import type { Figures } from './month-figures.ts';
import { count, counted, duration, moment, percent } from './words.ts';

/** Gaps shown of each source. */
const mostGaps = 20;

/** What was read whole, what was not, and what is known to be missing. */
export function coverageSection(report: MonthReport, figures: Figures): Html {
  const fromMs = Date.parse(`${report.month}-01T00:00:00Z`);
  const sourceOf = (name: string) => report.sources.rows.find(({ source }) => source === name);
  return html`<p>
      A list of Enterprise Manager that was read whole covers the creation times of the 30 days before it.
      Time that no such reading covers is a gap: sessions may have run in it that nobody knows of. A hole is a
      session that is known and could not be stored whole.
    </p>
    ${figures.coverage.map((one) => {
      const source = sourceOf(one.source);
      const share = one.wholeMs === 0 ? null : one.coveredMs / one.wholeMs;
      return html`<h3>${one.source}</h3>
        ${coverageChart(one, fromMs)}
        <p class="note">
          ${`${percent(share, share === 1 ? 0 : 2)} of the time was read whole. Last read ${moment(source?.last_read_at ?? null)}; ${counted(source?.sync_runs ?? 0, 'reading')} in this time${(source?.failed_sync_runs ?? 0) > 0 ? `, of which ${count(source?.failed_sync_runs ?? 0)} failed: what they missed was read later wherever no gap is shown` : ''}. `}${holesOf(source)}
        </p>
        ${
          one.gaps.length > 0 &&
          html`<table>
              <thead>
                <tr>
                  <th scope="col">From</th>
                  <th scope="col">To</th>
                  <th scope="col">Length</th>
                  <th scope="col">What it is</th>
                </tr>
              </thead>
              <tbody>
                ${one.gaps.slice(0, mostGaps).map(
                  (gap) =>
                    html`<tr>
                      <td class="keep">${moment(gap.fromMs)}</td>
                      <td class="keep">${moment(gap.toMs)}</td>
                      <td class="keep">${duration(gap.toMs - gap.fromMs)}</td>
                      <td>${gapWords(gap, source?.covered_from ?? null)}</td>
                    </tr> `,
                )}
              </tbody>
            </table>
            ${one.gaps.length > mostGaps && html`<p class="note">${`${count(one.gaps.length - mostGaps)} further gaps.`}</p>`}`
        }`;
    })}`;
}

function gapWords(gap: Figures['coverage'][number]['gaps'][number], coveredFrom: string | null): string {
  if (gap.isTail) return 'not read yet';
  if (coveredFrom === null || Date.parse(coveredFrom) >= gap.toMs) return 'before the record begins';
  return 'gap: never read whole; `session-history backfill` reads it while Enterprise Manager still has it';
}

function holesOf(source: MonthReport['sources']['rows'][number] | undefined): string {
  const kinds = [
    [source?.unreadable ?? 0, 'could not be read'],
    [source?.unfetched ?? 0, 'could not be fetched'],
    [source?.tasks ?? 0, 'without their tasks'],
  ] as const;
  const some = kinds.filter(([number]) => number > 0);
  return some.length === 0
    ? 'No holes.'
    : `Holes: ${some.map(([number, words]) => `${count(number)} sessions ${words}`).join(', ')}.`;
}
