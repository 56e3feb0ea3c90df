import { html, type Html } from './html.ts';
import type { Coverage, Outcomes } from './month-figures.ts';
import { count, day as dayName, percent } from './words.ts';

/** Outcomes in grey, hatched and black as well as in colour: they stay apart on a printer without any. */
export const chartPatterns: Html = html`<svg
  class="patterns"
  width="0"
  height="0"
  aria-hidden="true"
  focusable="false"
>
  <defs>
    <pattern id="warning" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
      <rect width="5" height="5" fill="#fff" />
      <rect width="2.6" height="5" fill="#b8860b" />
    </pattern>
    <pattern id="undecided" width="4" height="4" patternUnits="userSpaceOnUse">
      <rect width="4" height="4" fill="#fff" />
      <circle cx="2" cy="2" r="0.9" fill="#6b7683" />
    </pattern>
    <pattern id="gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)">
      <rect width="6" height="6" fill="#fff" />
      <rect width="2" height="6" fill="#9c2f14" />
    </pattern>
  </defs>
</svg>`;

const bands = [
  ['success', 'Succeeded', '#a9cdbd'],
  ['warning', 'With warnings', 'url(#warning)'],
  ['failed', 'Failed', '#8f2710'],
  ['undecided', 'Not decided', 'url(#undecided)'],
] as const;

export function legend(): Html {
  return html`<ul class="legend">
    ${bands.map(
      ([, name, fill]) =>
        html`<li>
          <svg width="14" height="14" aria-hidden="true">
            <rect x="0.5" y="0.5" width="13" height="13" fill="${fill}" stroke="#4a5561" stroke-width="0.6" />
          </svg>
          ${name}
        </li>`,
    )}
  </ul>`;
}

const width = 720;
const height = 210;
const left = 46;
const top = 10;
const bottom = 28;

/** Runs a day, one bar each, in bands of outcomes. */
export function dayChart(days: readonly (Outcomes & { readonly day: string })[]): Html {
  const highest = Math.max(1, ...days.map(({ runs }) => runs));
  const step = niceStep(highest);
  const most = Math.ceil(highest / step) * step;
  const y = (value: number) => top + (height - top - bottom) * (1 - value / most);
  const slot = (width - left) / days.length;
  const marks = Array.from({ length: Math.round(most / step) + 1 }, (_, index) => index * step);
  const bar = Math.max(2, slot * 0.72);
  const failed = days.reduce((sum, one) => sum + one.failed, 0);
  return html`<svg
    class="chart"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-labelledby="days-title days-text"
  >
    <title id="days-title">Runs of each day by outcome</title>
    <desc id="days-text">
      ${`${days.length} days, at most ${count(highest)} runs a day, ${count(failed)} of all failed. The figures are in the table “Day by day”.`}
    </desc>
    ${marks.map(
      (value) =>
        html`<line
            x1="${left}"
            x2="${width}"
            y1="${fix(y(value))}"
            y2="${fix(y(value))}"
            stroke="${value === 0 ? '#4a5561' : '#dfe4e8'}"
            stroke-width="${value === 0 ? 1 : 0.7}"
          /><text x="${left - 8}" y="${fix(y(value) + 3.5)}" text-anchor="end">${count(value)}</text>`,
    )}
    ${days.map((one, index) => {
      const x = left + index * slot + (slot - bar) / 2;
      let base = 0;
      const number = index + 1;
      return [
        bands.map(([name, , fill]) => {
          const value = one[name];
          if (value === 0) return null;
          const [from, to] = [y(base), y((base += value))];
          return html`<rect
            x="${fix(x)}"
            y="${fix(to)}"
            width="${fix(bar)}"
            height="${fix(from - to)}"
            fill="${fill}"
            stroke="#4a5561"
            stroke-width="0.5"
            ><title>${`${dayName(one.day)}: ${count(value)} ${name}`}</title></rect
          >`;
        }),
        (number === 1 || number % 5 === 0) &&
          html`<text x="${fix(left + (index + 0.5) * slot)}" y="${height - 10}" text-anchor="middle"
            >${number}</text
          >`,
      ];
    })}
  </svg>`;
}

/** The month of a source: read whole, or not. */
export function coverageChart({ source, wholeMs, coveredMs, parts, gaps }: Coverage, fromMs: number): Html {
  const x = (ms: number) => fix((width * (ms - fromMs)) / Math.max(1, wholeMs));
  const span = (part: { readonly fromMs: number; readonly toMs: number }, fill: string) =>
    html`<rect
      x="${x(part.fromMs)}"
      y="1"
      width="${fix(Math.max(0.8, (width * (part.toMs - part.fromMs)) / Math.max(1, wholeMs)))}"
      height="14"
      fill="${fill}"
    />`;
  return html`<svg
    class="chart strip"
    viewBox="0 0 ${width} 16"
    role="img"
    aria-label="${`${source}: ${percent(wholeMs === 0 ? null : coveredMs / wholeMs, 2)} of the month was read whole`}"
  >
    ${parts.filter(({ isCovered }) => isCovered).map((part) => span(part, '#a9cdbd'))}
    ${gaps.map((gap) => span(gap, gap.isTail ? 'url(#undecided)' : 'url(#gap)'))}
    <rect x="0.4" y="1" width="${width - 0.8}" height="14" fill="none" stroke="#4a5561" stroke-width="0.8" />
  </svg>`;
}

/** An age beside what was agreed, which is the line in the middle: the bar ends at twice of it. */
export function ageBar(hours: number | null, agreed: number): Html {
  const share = hours === null ? 1 : Math.min(1, hours / agreed / 2);
  const isLate = hours === null || hours > agreed;
  return html`<svg class="age" viewBox="0 0 84 12" width="84" height="12" aria-hidden="true">
    <rect x="0.5" y="3" width="83" height="6" fill="#fff" stroke="#c6ced5" stroke-width="0.7" />
    <rect
      x="0.5"
      y="3"
      width="${fix(83 * share)}"
      height="6"
      fill="${isLate ? '#8f2710' : '#a9cdbd'}"
      stroke="#4a5561"
      stroke-width="0.5"
    />
    <line x1="42" x2="42" y1="0" y2="12" stroke="#17212b" stroke-width="1.2" />
  </svg>`;
}

function niceStep(most: number): number {
  const rough = most / 4;
  const power = 10 ** Math.floor(Math.log10(Math.max(1, rough)));
  return Math.max(1, [1, 2, 5, 10].map((times) => times * power).find((one) => one >= rough) ?? power * 10);
}

const fix = (value: number): string => String(Math.round(value * 100) / 100);
