import { links } from '../../format/links.ts';
import { Panel } from '../../parts/panel.tsx';
import { SourcesTable } from '../../parts/sources-table.tsx';

export function SyncPanel({ source }: { readonly source: readonly string[] | undefined }) {
  return (
    <Panel title="Is everything read?" note={<a href={links.sync({ source })}>All runs of the sync</a>} wide>
      <SourcesTable source={source} />
    </Panel>
  );
}
