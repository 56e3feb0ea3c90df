import type { QueryManners } from './query-manners.ts';
import type { View } from './view.ts';
import type { World } from './world.ts';
import type { Style } from './write-xml.ts';

/** What answers are made from. */
export type Answering = {
  readonly world: World;
  readonly view: View;
  readonly style: Style;
  readonly isPortalUser: boolean;
  /** `reference`: as an old version, which answers lists of sessions with references whatever is asked. */
  readonly lists: { form: 'entity' | 'reference' };
  readonly retentionDays: number;
  readonly manners: QueryManners;
  readonly requestCount: () => number;
  /** Takes what ends a removal that the manners of /query brought about. */
  readonly whileRemoved: (undo: () => void) => void;
};
