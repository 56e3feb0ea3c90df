import type { MonthReport } from '../query/month/read-month.ts';
import { html, type Html } from './html.ts';
import { chartPatterns, dayChart, legend } from './month-charts.ts';
import { computerSection } from './month-computers.ts';
import { coverageSection } from './month-coverage.ts';
import { everyDay, rateOf, workOutFigures, type Figures, type Outcomes } from './month-figures.ts';
import { howSection } from './month-how.ts';
import { monthStyle } from './month-style.ts';
import { count, counted, day, moment, monthName, percent } from './words.ts';

/** Reasons that the page shows; the workbook has all failed runs. */
const mostReasons = 40;
/** Characters of a reason. */
const longestReason = 600;

/** The report as one page: no script, nothing fetched, made to be printed. */
export function writeMonthPage(report: MonthReport, version: string): string {
  const figures = workOutFigures(report);
  const title = `Backup report, ${monthName(report.month)}${report.customer === null ? '' : `, ${report.customer}`}`;
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="generator" content="${`session-history ${version}`}" />
        <title>${title}</title>
        <style>
          ${{ html: monthStyle }}
        </style>
      </head>
      <body>
        ${chartPatterns}
        <main>
          ${heading(report)} ${keyFigures(report, figures)} ${verdict(figures)}
          <h2>Runs and their outcomes</h2>
          ${runs(report, figures)}
          <h2 class="page">Age of the last backup</h2>
          ${computerSection(report, figures)}
          <h2>Failures and their reasons</h2>
          ${failures(report, figures)}
          <h2>Is the record complete?</h2>
          ${coverageSection(report, figures)}
          <h2>How these figures are computed</h2>
          ${howSection(report)}
          <h2>Day by day</h2>
          ${dayTable(report)}
          <footer>
            Made by Session History for Veeam Agents ${version} from its record of Veeam Backup Enterprise
            Manager. All times are UTC.
          </footer>
        </main>
      </body>
    </html> `.html;
}

function heading({ month, customer, madeAt, asOf, sources }: MonthReport): Html {
  const names = sources.rows.map(({ source }) => source);
  const isOver = Date.parse(asOf) < Date.parse(madeAt);
  return html`<header>
    <p class="kind">Backup report</p>
    <h1>${monthName(month)}</h1>
    ${customer !== null && html`<p class="customer">${customer}</p>`}
    <dl class="about">
      <dt>Covers</dt>
      <dd>
        ${`${day(`${month}-01`)} to ${isOver ? day(lastMoment(asOf)) : `${moment(asOf)} UTC; the month is not over`}`}
      </dd>
      <dt>Made</dt>
      <dd>${moment(madeAt)} UTC</dd>
      <dt>Read from</dt>
      <dd>
        ${names.length === 0 ? 'no Enterprise Manager yet' : names.slice(0, 12).join(', ')}${names.length > 12 && ` and ${counted(names.length - 12, 'other')}`}
      </dd>
      <dt>About</dt>
      <dd>${customer === null ? 'all computers' : `the computers labelled with customer ${customer}`}</dd>
    </dl>
  </header>`;
}

const lastMoment = (end: string): string => new Date(Date.parse(end) - 1).toISOString();

function keyFigures(report: MonthReport, figures: Figures): Html {
  const { total, rate, rateBefore, within, late, never } = figures;
  const decided = total.success + total.warning + total.failed;
  const before =
    rate === null || rateBefore === null
      ? 'the month before is not on record'
      : `${percent(rateBefore)} in the month before`;
  const gaps = figures.coverage.flatMap((one) => one.gaps).filter(({ isTail }) => !isTail).length;
  const read =
    figures.record === 'soFar'
      ? 'of the time, up to the last reading'
      : `of the time; ${counted(gaps, 'gap')}`;
  return html`<ul class="figures">
    <li class="figure">
      <span>Success rate of runs</span><b>${percent(rate)}</b
      ><span>${`${count(total.success + total.warning)} of ${count(decided)}; ${before}`}</span>
    </li>
    <li class="figure">
      <span>Within the agreed age</span><b>${`${count(within)} of ${count(within + late + never)}`}</b
      ><span>${`computers: ${count(late)} late, ${count(never)} never backed up`}</span>
    </li>
    <li class="figure">
      <span>Failed runs</span><b>${count(total.failed)}</b
      ><span
        >${`on ${counted(report.computers.rows.filter(({ failed }) => failed > 0).length, 'computer')}`}</span
      >
    </li>
    <li class="figure">
      <span>Record read whole</span><b>${percent(figures.coveredShare, figures.coveredShare === 1 ? 0 : 2)}</b
      ><span>${`${read}, ${counted(figures.holes, 'hole')}`}</span>
    </li>
  </ul>`;
}

function verdict({ record, coverage }: Figures): Html {
  if (record === 'complete')
    return html`<p class="verdict">
      <strong>The record of this time is complete.</strong> Every moment of it was read whole, and everything
      that was listed is stored whole.
    </p>`;
  if (record === 'soFar')
    return html`<p class="verdict">
      <strong>The record of this time is complete up to the last reading.</strong> Every moment before it was
      read whole, and everything that was listed is stored whole.
    </p>`;
  return html`<p class="verdict open">
    <strong>The record of this time is not complete.</strong>
    ${coverage.length === 0 ? 'Nothing was read yet.' : 'What is missing stands under “Is the record complete?”. The figures count what is stored.'}
  </p>`;
}

const outcomeCells = (one: Outcomes) =>
  html`<td class="n">${count(one.runs)}</td>
    <td class="n">${count(one.success)}</td>
    <td class="n">${count(one.warning)}</td>
    <td class="n">${count(one.failed)}</td>
    <td class="n">${count(one.undecided)}</td>
    <td class="n">${percent(rateOf(one))}</td>`;
const outcomeHeads = html`<th scope="col" class="n">Runs</th>
  <th scope="col" class="n">Succeeded</th>
  <th scope="col" class="n">Warnings</th>
  <th scope="col" class="n">Failed</th>
  <th scope="col" class="n">Not decided</th>
  <th scope="col" class="n">Success rate</th>`;

function runs(report: MonthReport, { total }: Figures): Html {
  const isMany = report.sources.rows.length > 1;
  const policies = report.policies.rows;
  return html`<p>
      A run is a backup of one computer: a first attempt with its retries, and the outcome of the last of
      them.
    </p>
    ${dayChart(everyDay(report))} ${legend()}
    <h3>By policy</h3>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Policy</th>
            ${isMany && html`<th scope="col">Enterprise Manager</th>`}${outcomeHeads}
          </tr>
        </thead>
        <tbody>
          ${policies.map(
            (one) =>
              html`<tr>
                <th scope="row">${one.policy_name === '' ? 'not known' : one.policy_name}</th>
                ${isMany && html`<td>${one.source}</td>`}${outcomeCells(one)}
              </tr> `,
          )}
        </tbody>
        <tfoot>
          <tr>
            <th scope="row">All</th>
            ${isMany && html`<td></td>`}${outcomeCells(total)}
          </tr>
        </tfoot>
      </table>
    </div>`;
}

function failures({ reasons, month }: MonthReport, { total }: Figures): Html {
  if (reasons.rows.length === 0) return html`<p>No run of this month failed.</p>`;
  const shown = reasons.rows.slice(0, mostReasons);
  const rest = total.failed - shown.reduce((sum, one) => sum + one.runs, 0);
  return html`<p>
      ${`${counted(total.failed, 'run')} failed after all retries, for ${reasons.rows.length === 200 ? 'more than 200 reasons' : counted(reasons.rows.length, 'reason')}.`}
    </p>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">Reason</th>
            <th scope="col" class="n">Runs</th>
            <th scope="col" class="n">Computers</th>
            <th scope="col">First</th>
            <th scope="col">Last</th>
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (one) =>
              html`<tr>
                <td>
                  ${one.reason === '' ? html`<span class="dim">none given</span>` : shorten(one.reason)}<br /><span
                    class="dim"
                    >${namesOf(one.examples)}${one.computers > 3 && ', …'}</span
                  >
                </td>
                <td class="n">${count(one.runs)}</td>
                <td class="n">${count(one.computers)}</td>
                <td class="keep">${day(one.first_at)}</td>
                <td class="keep">${day(one.last_at)}</td>
              </tr> `,
          )}
        </tbody>
      </table>
    </div>
    ${rest > 0 && html`<p class="note">${`${counted(rest, 'further failed run')} with rarer reasons; \`session-history report --month ${month} --out FILE.xlsx\` lists every one.`}</p>`}`;
}

const shorten = (text: string): string =>
  text.length <= longestReason ? text : `${text.slice(0, longestReason).trimEnd()}…`;

/** PostgreSQL's text of an array of names. */
function namesOf(array: string | null): string {
  const names = [...(array ?? '').slice(1, -1).matchAll(/"((?:[^"\\]|\\.)*)"|[^,]+/g)].map(
    ([whole, quoted]) => quoted?.replaceAll(/\\(.)/gs, '$1') ?? whole,
  );
  return names.filter((name) => name !== 'NULL').join(', ');
}

function dayTable(report: MonthReport): Html {
  return html`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">Day (UTC)</th>
          ${outcomeHeads}
        </tr>
      </thead>
      <tbody>
        ${everyDay(report)
          .filter((one) => one.day < report.asOf)
          .map(
            (one) =>
              html`<tr>
                <th scope="row" class="keep">${day(one.day)}</th>
                ${outcomeCells(one)}
              </tr> `,
          )}
      </tbody>
    </table>
  </div>`;
}
