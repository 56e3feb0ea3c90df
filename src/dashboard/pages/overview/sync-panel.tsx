import { Panel } from '../../parts/panel.tsx';
import { SourcesTable } from '../../parts/sources-table.tsx';

export function SyncPanel({ source }: { readonly source: string }) {
  return (
    <Panel title="Is everything read?" note={<a href="/sync">All runs of the sync</a>} wide>
      <SourcesTable source={source} />
    </Panel>
  );
}
