/** What /query may turn out not to do. */
export type Ability = 'sessions' | 'tasks';
type Lesson = {
  readonly works: boolean;
  readonly at: string;
  readonly reason?: string;
  readonly emptiesProved?: number;
};

/** What was found out about one Enterprise Manager, kept from one run to the next. */
export type Learned = {
  /** Whether it is worth trying; what did not work is tried again after a day. */
  mayTry(what: Ability): boolean;
  worked(what: Ability): void;
  failed(what: Ability, reason: string): void;
  /** As `failed`, if it happens twice in a row: what may pass is no reason to do without for a day. */
  stumbled(what: Ability, reason: string): void;
  why(what: Ability): string | undefined;
  /** How many sessions, said to have no tasks by a batch, had none when they were asked for singly. */
  emptiesProved(): number;
  proveEmpty(): void;
};

const dayMs = 86_400_000;

/** `json` is what `onLearned` was given earlier, or anything else, which is as good as nothing. */
export function openLearned(json: unknown, onLearned: (json: unknown) => void, now = Date.now): Learned {
  const lessons = new Map<Ability, Lesson>();
  for (const what of ['sessions', 'tasks'] as const) {
    const lesson: unknown = isObject(json) && isObject(json['query']) ? json['query'][what] : undefined;
    if (isLesson(lesson)) lessons.set(what, lesson);
  }
  const stumbles = new Set<Ability>();
  const isFresh = ({ at }: Lesson) => Math.abs(now() - Date.parse(at)) < dayMs;

  function learn(what: Ability, lesson: Omit<Lesson, 'at'>): void {
    lessons.set(what, { ...lesson, at: new Date(now()).toISOString() });
    onLearned({ query: Object.fromEntries(lessons) });
  }

  return {
    mayTry: (what) => {
      const lesson = lessons.get(what);
      return lesson === undefined || lesson.works || !isFresh(lesson);
    },
    worked: (what) => {
      stumbles.delete(what);
      const lesson = lessons.get(what);
      if (lesson?.works === true && isFresh(lesson)) return;
      learn(what, {
        works: true,
        ...(lesson?.works === true && { emptiesProved: lesson.emptiesProved ?? 0 }),
      });
    },
    failed: (what, reason) => learn(what, { works: false, reason }),
    stumbled: (what, reason) => {
      if (stumbles.has(what)) learn(what, { works: false, reason });
      stumbles.add(what);
    },
    why: (what) => lessons.get(what)?.reason,
    emptiesProved: () => lessons.get('tasks')?.emptiesProved ?? 0,
    proveEmpty: () => {
      const lesson = lessons.get('tasks');
      if (lesson?.works === true)
        learn('tasks', { works: true, emptiesProved: (lesson.emptiesProved ?? 0) + 1 });
    },
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function isLesson(value: unknown): value is Lesson {
  return (
    isObject(value) && typeof value['works'] === 'boolean' && !Number.isNaN(Date.parse(String(value['at'])))
  );
}
