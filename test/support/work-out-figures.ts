export type Session = {
  readonly source: string;
  readonly id: string;
  readonly job: string | null;
  readonly kind: string;
  readonly computer: string | null;
  readonly retry: boolean;
  readonly outcome: string;
  readonly created: number;
  readonly ended: number | null;
};

/** The rule of the contract, told again in another language: what the views of schema `report` must say of these sessions. */
export function workOutFigures(sessions: readonly Session[], now: number) {
  const jobs = new Map<string, Session[]>();
  for (const one of [...sessions].sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1))) {
    const key = one.job === null ? `alone ${one.source}/${one.id}` : `${one.source}/${one.job}`;
    jobs.set(key, [...(jobs.get(key) ?? []), one]);
  }
  const runs = [...jobs.values()].flatMap((ofJob) => {
    const found: Session[][] = [];
    for (const one of ofJob) {
      const last = found.at(-1);
      if (one.retry && last !== undefined) last.push(one);
      else found.push([one]);
    }
    return found;
  });
  const monthAgo = now - 30 * 86_400_000;
  const summaries = runs.map((attempts) => {
    const [first] = attempts;
    const last = attempts.at(-1);
    if (first === undefined || last === undefined) throw new Error('a run without an attempt');
    return { first, last, attempts, started: first.created };
  });
  const daily: Record<string, number[]> = {};
  for (const { last, attempts, started } of summaries) {
    const key = [new Date(started).toISOString().slice(0, 10), last.source].join(' ');
    const figures = (daily[key] ??= [0, 0, 0, 0, 0, 0, 0]);
    const add = (index: number, amount: number) => (figures[index] = (figures[index] ?? 0) + amount);
    add(0, 1);
    const column = ['total', 'success', 'warning', 'failed', 'running', 'lost'].indexOf(last.outcome);
    if (column > 0) add(column, 1);
    add(6, attempts.length - 1);
  }
  const computers: Record<string, unknown[]> = {};
  const names = new Set(
    sessions.flatMap(({ kind, computer, source }) =>
      kind === 'computer' && computer !== null ? [`${source} ${computer}`] : [],
    ),
  );
  for (const name of names) {
    const isOf = (one: Session) => one.kind === 'computer' && `${one.source} ${one.computer ?? ''}` === name;
    const own = summaries
      .filter(({ last }) => isOf(last))
      .sort((a, b) => b.last.created - a.last.created || (a.last.id > b.last.id ? -1 : 1));
    const ofAnyRun = sessions.filter(isOf);
    const isGood = ({ last }: { last: Session }) => ['success', 'warning'].includes(last.outcome);
    const good = own.findIndex(isGood);
    const recent = own.filter(({ started }) => started > monthAgo);
    const count = (outcome: string) => recent.filter(({ last }) => last.outcome === outcome).length;
    const starts = own.map(({ started }) => started).sort((a, b) => a - b);
    const gaps = starts
      .flatMap((start, index) => (index === 0 ? [] : [(start - (starts[index - 1] ?? 0)) / 1_000]))
      .filter((gap) => gap > 0)
      .sort((a, b) => a - b);
    const middle = (gaps.length - 1) / 2;
    const ends = own.filter(isGood).flatMap(({ last }) => last.ended ?? []);
    computers[name] = [
      Math.max(...ofAnyRun.map(({ created }) => created)),
      // None: later attempts of all its runs went under another name.
      own[0]?.last.outcome ?? null,
      ends.length === 0 ? null : Math.max(...ends),
      ofAnyRun.filter(({ created }) => created > monthAgo).length,
      count('success'),
      count('warning'),
      count('failed'),
      own.slice(0, good === -1 ? undefined : good).filter(({ last }) => last.outcome === 'failed').length,
      gaps.length === 0 ? null : ((gaps[Math.floor(middle)] ?? 0) + (gaps[Math.ceil(middle)] ?? 0)) / 2,
    ];
  }
  const ofRuns = Object.fromEntries(
    summaries.map(({ first, last, attempts }) => [
      `${first.source} ${first.id}`,
      [first.created, last.ended, last.outcome, attempts.length, last.id],
    ]),
  );
  return { daily, computers, runs: ofRuns };
}
