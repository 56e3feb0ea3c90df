import { PageTitle } from '../parts/page-title.tsx';

export function NotFoundPage() {
  return (
    <>
      <PageTitle title="There is no such page" />
      <p>
        <a href="/">To the overview</a>
      </p>
    </>
  );
}
