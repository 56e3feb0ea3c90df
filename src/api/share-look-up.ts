/**
 * Looks each name up once at a time: those who ask meanwhile share the next look, which begins after they asked. So a client's
 * hundred requests at once are two questions, and none is told what was so before it asked.
 */
export function shareLookUp<T>(lookUp: (name: string) => Promise<T>): (name: string) => Promise<T> {
  type Line = { readonly now: Promise<T>; next?: Promise<T> };
  const lines = new Map<string, Line>();

  function begin(name: string): Promise<T> {
    const line: Line = { now: lookUp(name) };
    lines.set(name, line);
    const end = () => {
      if (line.next === undefined) lines.delete(name);
    };
    line.now.then(end, end);
    return line.now;
  }

  return (name) => {
    const line = lines.get(name);
    if (line === undefined) return begin(name);
    const again = () => begin(name);
    line.next ??= line.now.then(again, again);
    return line.next;
  };
}
