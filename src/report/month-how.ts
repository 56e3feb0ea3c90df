import type { MonthReport } from '../query/month/read-month.ts';
import { html, type Html } from './html.ts';

/** How each figure is computed, so that somebody else can. */
export function howSection({ month, customer }: MonthReport): Html {
  return html`<p>
      Every figure is selected from the reporting views of the database (schema <code>report</code>), in one
      consistent state of it; anybody with a login for reports can compute them again. Days and months are
      those of UTC.
    </p>
    <dl class="how">
      <dt>Runs</dt>
      <dd>
        From <code>report.daily_totals</code>, <code>kind = 'computer'</code>: each run counts once, on the
        day of its first attempt, with the outcome of its last attempt. Retries are no runs of their own.
      </dd>
      <dt>Success rate</dt>
      <dd>
        (succeeded + with warnings) ÷ (succeeded + with warnings + failed). Runs without a final result, lost
        ones and results that are not known count in neither.
      </dd>
      <dt>Last good backup and its age</dt>
      <dd>
        The end of the newest run that succeeded, with or without warnings, by the end of the month (or now,
        while it lasts), from <code>report.runs</code>, <code>report.computers</code> and
        <code>report.sessions</code>; the age is the time from then on.
      </dd>
      <dt>Agreed age</dt>
      <dd>
        The label <code>max_age_hours</code> nearest to the computer. Without one (≈), twice its usual
        interval, learned from its newest 31 runs, or 48 hours while that is not known. Labels and intervals
        are those of the day this report was made. Computers that were only discovered, and those without any
        good backup, count as never backed up.
      </dd>
      <dt>Failures</dt>
      <dd>
        Runs whose last attempt failed, from <code>report.runs</code>, grouped by the message of the session,
        else the reasons of its tasks.
      </dd>
      <dt>Completeness</dt>
      <dd>
        From <code>report.coverage</code>, <code>report.holes</code> and <code>report.sync_runs</code>: the
        part of the time that was read whole. A hole belongs to the month its session was created in; one
        whose time is not known belongs to every month.
      </dd>
    </dl>
    <p class="note">
      Made with
      <code>session-history report --month ${month}${customer !== null && ` --customer "${customer}"`}</code>.
      ${customer !== null && 'Customers are labels, as they are on the day this report was made. Completeness is that of the Enterprise Managers that have computers of this customer.'}
    </p>`;
}
