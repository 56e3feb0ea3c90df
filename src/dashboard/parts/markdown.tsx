import type { ComponentChildren } from 'preact';
import { DataTable } from './data-table.tsx';

/** As much of Markdown as the pages of the documentation use, as elements and never as HTML. */
export function Markdown({ text }: { readonly text: string }) {
  return (
    <>
      {blocksOf(text).map((block, index) => (
        <Block key={index} block={block} />
      ))}
    </>
  );
}

/** Lines between empty lines; a heading is a block of its own. */
const blocksOf = (text: string): readonly string[] =>
  text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== '' && !block.startsWith('# '));

function Block({ block }: { readonly block: string }) {
  if (block.startsWith('## ')) return <h2>{block.slice(3)}</h2>;
  if (block.startsWith('|')) return <Table block={block} />;
  if (block.startsWith('- '))
    return (
      <ul>
        {block.split(/\n(?=- )/).map((item) => (
          <li key={item}>{inline(item.slice(2))}</li>
        ))}
      </ul>
    );
  return <p>{inline(block)}</p>;
}

function Table({ block }: { readonly block: string }) {
  const [head = [], , ...rows]: readonly (readonly string[])[] = block.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return (
    <DataTable<readonly string[]>
      caption={head.join(', ')}
      rows={rows}
      rowKey={(row) => row.join('|')}
      columns={head.map((title, index) => ({ title, cell: (row) => inline(row[index] ?? '') }))}
    />
  );
}

/** Code and emphasis; addresses of other pages are not here, only their names. */
function inline(text: string): ComponentChildren {
  return text.split(/(`[^`]+`|\*\*[^*]+\*\*)/).map((part, index) => {
    if (part.startsWith('`')) return <code key={index}>{part.slice(1, -1)}</code>;
    if (part.startsWith('**')) return <b key={index}>{inline(part.slice(2, -2))}</b>;
    return part;
  });
}
