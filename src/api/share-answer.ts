/**
 * Hands one answer to all who ask until so many milliseconds after it came: a hundred who ask at once cost what one does. What
 * was not answered is asked again.
 */
export function shareAnswer<T>(ms: number, ask: () => Promise<T>): () => Promise<T> {
  let shared: Promise<T> | undefined;
  const forget = (): void => {
    shared = undefined;
  };
  return () => {
    shared ??= ask().finally(() => setTimeout(forget, ms).unref());
    return shared;
  };
}
