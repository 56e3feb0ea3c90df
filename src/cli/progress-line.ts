/** One line at the bottom of a terminal that is written over and over; silent where there is no terminal. */
export type ProgressLine = {
  /** The text is made only when it is drawn. */
  show(text: () => string): void;
  readonly isShown: boolean;
  clear(): void;
};

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const redrawMs = 80;

export function progressLine(stream: NodeJS.WriteStream): ProgressLine {
  if (!stream.isTTY) return { show: () => undefined, clear: () => undefined, isShown: false };
  let frame = 0;
  let drawnAt = 0;
  return {
    show: (text) => {
      const now = performance.now();
      if (now - drawnAt < redrawMs) return;
      drawnAt = now;
      frame = (frame + 1) % frames.length;
      stream.write(`\r\u001b[2K${frames[frame] ?? ''} ${text().slice(0, Math.max(20, stream.columns - 4))}`);
    },
    isShown: true,
    clear: () => {
      stream.write('\r\u001b[2K');
      drawnAt = 0;
    },
  };
}

/** `████████░░░░` for a share from 0 to 1. */
export function bar(share: number, width = 24): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}
