import { useList } from '../../api/use-list.ts';
import { daysAgo } from '../../format/time.ts';
import { Answer } from '../../parts/answer.tsx';
import { OutcomesChart } from '../../parts/outcomes-chart.tsx';
import { Panel } from '../../parts/panel.tsx';
import { useNow } from '../../parts/use-now.ts';
import type { Scope } from '../../parts/scope.ts';

const days = 90;

export function TrendPanel({ scope }: { readonly scope: Scope }) {
  const from = daysAgo(days - 1, useNow());
  const asked = useList('/api/v1/reports/outcomes-by-day', {
    ...scope,
    kind: 'computer',
    dayFrom: from,
    limit: days,
  });
  return (
    <Panel
      title="Success and volume"
      note="Runs of computers by the UTC day they began on; retries made good are successes."
      wide
    >
      <Answer to={asked} lines={8}>
        {({ data }) => <OutcomesChart rows={data} from={from} days={days} />}
      </Answer>
    </Panel>
  );
}
