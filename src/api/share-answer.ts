/**
 * Hands one answer to all who ask until so many milliseconds after it came: a hundred who ask at once cost what one does. What
 * was not answered is asked again, and so is what was asked under another `state`.
 */
export function shareAnswer<T>(
  ms: number,
  ask: () => Promise<T>,
  state: () => unknown = () => undefined,
): () => Promise<T> {
  let shared: { readonly answer: Promise<T>; readonly state: unknown } | undefined;
  return () => {
    const now = state();
    if (shared === undefined || shared.state !== now) {
      const mine = { state: now, answer: ask().finally(() => setTimeout(forget, ms).unref()) };
      const forget = (): void => {
        if (shared === mine) shared = undefined;
      };
      shared = mine;
    }
    return shared.answer;
  };
}
