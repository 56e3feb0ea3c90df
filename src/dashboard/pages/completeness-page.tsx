// The page of the documentation itself: what the program says of itself is said in one place.
import text from '../../../docs/completeness.md?raw';
import { Markdown } from '../parts/markdown.tsx';
import { PageTitle } from '../parts/page-title.tsx';

/** What is proved, and what cannot be. */
export default function CompletenessPage() {
  return (
    <>
      <PageTitle title="What is proved, and what cannot be" />
      <article class="panel prose">
        <Markdown text={text} />
      </article>
    </>
  );
}
