import type { MonthReport } from '../query/month/read-month.ts';
import { html, type Html } from './html.ts';
import { ageBar } from './month-charts.ts';
import type { Figures } from './month-figures.ts';
import { age, count, counted, moment } from './words.ts';

/** Rows of the page; those that need attention come first, the workbook has all. */
const mostComputers = 1_000;

/** Each computer's last good backup against the age that was agreed, or learned. */
export function computerSection(report: MonthReport, figures: Figures): Html {
  const { rows } = report.computers;
  if (rows.length === 0) return html`<p>No computer was known in this time.</p>`;
  const shown = rows.slice(0, mostComputers);
  const agreed = rows.filter((computer) => computer.is_agreed).length;
  const hasCustomer = report.customer === null && rows.some(({ customer }) => customer !== null);
  return html`<p>
      ${`${count(figures.within)} of ${counted(figures.within + figures.late + figures.never, 'computer')} had a good backup within the agreed age at ${moment(report.asOf)} UTC. `}${`For ${count(agreed)} of them an age is agreed (label max_age_hours); for the others twice their usual interval is taken, marked with ≈.`}${figures.muted > 0 && ` ${counted(figures.muted, 'computer')} whose warnings are muted stand at the end and are not counted.`}
    </p>
    <p class="note">The bar is the age; the line in its middle is what was agreed.</p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Computer</th>
            ${hasCustomer && html`<th scope="col">Customer</th>`}
            <th scope="col">Policy</th>
            <th scope="col">Last good backup</th>
            <th scope="col" class="n">Age</th>
            <th scope="col" class="n">Agreed</th>
            <th scope="col"><span class="dim">0 – 2 ×</span></th>
            <th scope="col" class="n">Failed runs</th>
            <th scope="col">State</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (one) =>
              html`<tr>
                <th scope="row">${one.computer}</th>
                ${hasCustomer && html`<td>${one.customer}</td>`}
                <td>${one.policy_name}</td>
                <td class="keep">${moment(one.last_success_at)}</td>
                <td class="n">${age(one.age_hours)}</td>
                <td class="n">${one.is_agreed ? '' : '≈ '}${age(one.agreed_hours)}</td>
                <td>${ageBar(one.age_hours, one.agreed_hours)}</td>
                <td class="n">${`${count(one.failed)} of ${count(one.runs)}`}</td>
                <td>${stateOf(one)}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
    ${rows.length > shown.length && html`<p class="note">${`${counted(rows.length - shown.length, 'further computer')}, each in a better state than those above: \`session-history report --month ${report.month} --out FILE.xlsx\` lists all.`}</p>`}`;
}

function stateOf({ state, is_muted: isMuted }: MonthReport['computers']['rows'][number]): Html {
  const words = { within: 'within', late: 'late', never: 'never' }[state] ?? state;
  if (isMuted) return html`<span class="mark dim">${words}, muted</span>`;
  return html`<span class="mark ${state === 'within' ? 'good' : 'bad'}">${words}</span>`;
}
