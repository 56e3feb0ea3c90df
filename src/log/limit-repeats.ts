/** Says something unless it was said a short while ago; what was held back is counted and told the next time. */
export type Limited = (key: string, say: (heldBack: number) => void) => void;

const maxKeys = 1_000;

/** For messages that come again and again while something is down. Keys are what makes two messages the same. */
export function limitRepeats(quietMs: number, clock: () => number = Date.now): Limited {
  const said = new Map<string, { at: number; heldBack: number }>();
  return (key, say) => {
    const now = clock();
    const last = said.get(key);
    if (last !== undefined && now - last.at < quietMs) {
      last.heldBack += 1;
      return;
    }
    // The oldest goes first: keys may hold texts from outside, of which there is no end.
    said.delete(key);
    const [oldest] = said.keys();
    if (said.size >= maxKeys && oldest !== undefined) said.delete(oldest);
    said.set(key, { at: now, heldBack: 0 });
    say(last?.heldBack ?? 0);
  };
}
