/** The look of the page, on a screen and on paper. Nothing of it is fetched from anywhere. */
export const monthStyle = `
:root { color-scheme: light; --ink: #17212b; --dim: #53606c; --line: #d5dbe0; --soft: #f4f6f7; --good: #17634a; --bad: #8f2710; }
* { box-sizing: border-box; }
html { font-size: 16px; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #eceff1; color: var(--ink); font: 400 0.9375rem/1.55 "Segoe UI", "Helvetica Neue", Helvetica, Arial, "Liberation Sans", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 56rem; margin: 2rem auto; padding: 3.5rem 4rem 3rem; background: #fff; box-shadow: 0 1px 3px rgb(16 32 48 / 18%); }
h1, h2, .figure b { font-family: "Iowan Old Style", "Palatino Linotype", Palatino, "URW Palladio L", Georgia, "Liberation Serif", serif; font-weight: 600; text-wrap: balance; }
.kind { margin: 0; font-size: 0.8125rem; letter-spacing: 0.09em; text-transform: uppercase; color: var(--dim); }
h1 { margin: 0.1rem 0 0; font-size: 2.5rem; line-height: 1.15; letter-spacing: -0.01em; }
h2 { margin: 3rem 0 0.6rem; padding-top: 0.9rem; border-top: 2px solid var(--ink); font-size: 1.375rem; line-height: 1.25; break-after: avoid; }
h3 { margin: 1.8rem 0 0.4rem; font-size: 0.9375rem; font-weight: 650; break-after: avoid; }
p { margin: 0.5rem 0; max-width: 44rem; text-wrap: pretty; overflow-wrap: anywhere; }
.customer { margin: 0.35rem 0 0; font-size: 1.25rem; }
.about { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1.2rem; margin: 1.4rem 0 0; color: var(--dim); font-size: 0.8125rem; }
.about dd { margin: 0; color: var(--ink); overflow-wrap: anywhere; }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); margin: 2rem 0 0; padding: 0; border: solid var(--line); border-width: 1px 0; list-style: none; }
.figure { padding: 1rem 1rem 1.1rem; border-left: 1px solid var(--line); break-inside: avoid; }
.figure:first-child { padding-left: 0; border-left: 0; }
.figure span { display: block; font-size: 0.8125rem; color: var(--dim); line-height: 1.4; }
.figure b { display: block; margin: 0.15rem 0 0.2rem; font-size: 1.9rem; line-height: 1.15; white-space: nowrap; }
.verdict { margin: 1.6rem 0 0; padding: 0.8rem 1rem; max-width: none; border-left: 4px solid var(--good); background: var(--soft); }
.verdict.open { border-left-style: double; border-left-width: 6px; border-left-color: var(--bad); }
.scroll { overflow-x: auto; }
table { width: 100%; margin: 0.8rem 0 0; border-collapse: collapse; font-size: 0.8125rem; line-height: 1.4; }
th { padding: 0.3rem 0.9rem 0.3rem 0; border-bottom: 1.5px solid var(--ink); text-align: left; font-weight: 600; vertical-align: bottom; }
td { padding: 0.32rem 0.9rem 0.32rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
tbody th { border-bottom: 1px solid var(--line); font-weight: 500; vertical-align: top; overflow-wrap: anywhere; }
.n { text-align: right; white-space: nowrap; }
.keep { white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
tr { break-inside: avoid; }
tfoot td, tfoot th { border-top: 1.5px solid var(--ink); border-bottom: 0; font-weight: 600; }
.dim, .note { color: var(--dim); }
.note { font-size: 0.8125rem; }
.mark { font-weight: 650; white-space: nowrap; }
.mark.bad { color: var(--bad); }
.mark.good { color: var(--good); font-weight: 500; }
.chart { display: block; width: 100%; height: auto; margin: 1rem 0 0; overflow: visible; }
.chart text { font-size: 10.5px; fill: var(--dim); }
.strip { margin: 0.3rem 0 0; }
.age { vertical-align: -1px; }
.patterns { position: absolute; }
.legend { display: flex; flex-wrap: wrap; gap: 0.2rem 1.4rem; margin: 0.5rem 0 0; padding: 0; list-style: none; font-size: 0.8125rem; color: var(--dim); }
.legend svg { vertical-align: -2px; margin-right: 0.25rem; }
.how dt { margin-top: 0.8rem; font-weight: 600; }
.how dd { margin: 0.1rem 0 0; max-width: 44rem; }
code { font: 0.92em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.columns { columns: 2; column-gap: 2.5rem; }
footer { margin-top: 3rem; padding-top: 0.8rem; border-top: 1px solid var(--line); font-size: 0.75rem; color: var(--dim); }
@media (max-width: 46rem) {
  main { margin: 0; padding: 1.5rem 1.1rem; box-shadow: none; }
  h1 { font-size: 1.9rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .figure, .figure:first-child { padding: 0.8rem 0.6rem; border-left: 0; border-top: 1px solid var(--line); }
  .columns { columns: 1; }
}
@media print {
  @page { size: A4; margin: 17mm 16mm 18mm; @bottom-right { content: counter(page) " / " counter(pages); font: 8pt "Helvetica Neue", Helvetica, Arial, sans-serif; color: #53606c; } }
  html { font-size: 10pt; }
  body { background: #fff; }
  main { max-width: none; margin: 0; padding: 0; box-shadow: none; }
  .scroll { overflow: visible; }
  h2 { margin-top: 2.2rem; }
  h2.page { margin-top: 0; break-before: page; }
  td, th { padding-top: 0.2rem; padding-bottom: 0.2rem; }
  footer { break-before: avoid; }
  thead { display: table-header-group; }
  tfoot { display: table-row-group; }
  svg, .verdict, .figure, .mark { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  .chart, .verdict, dt { break-inside: avoid; break-after: avoid; }
}
`;
