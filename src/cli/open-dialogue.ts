import { createInterface, type Interface } from 'node:readline';
import { Writable } from 'node:stream';
import { ConfigError } from '../config/config.ts';
import { SyncError } from '../domain/sync-error.ts';
import type { App } from './app.ts';

/** Questions on a terminal, or answered line by line from a pipe. */
export type Dialogue = {
  /** Whether somebody is there who can be asked again. */
  readonly isPerson: boolean;
  say(text: string): void;
  /**
   * The next line. `isHidden`: it is not shown while it is typed. Throws ConfigError with `otherwise` when the input ends, SyncError
   * `interrupted` at Ctrl-C.
   */
  ask(question: string, how: { readonly otherwise: string; readonly isHidden?: boolean }): Promise<string>;
  /** Anything but y or yes is no. */
  confirm(question: string, how: { readonly otherwise: string }): Promise<boolean>;
  close(): void;
};

/** Questions go to standard error: standard output may be a file. */
export function openDialogue({
  stdin: openInput,
  stderr,
  signal,
}: Pick<App, 'stdin' | 'stderr' | 'signal'>): Dialogue {
  const stdin = openInput();
  const isPerson = stdin.isTTY && stderr.isTTY;
  const lines: string[] = [];
  let hasEnded = false;
  let isStopped = false;
  let isMuted = false;
  let wake: () => void = () => undefined;
  let reader: Interface | undefined;

  // Opened by the first question: whoever answers everything by flags keeps its standard input.
  function open(): Interface {
    const output = new Writable({
      write: (chunk: Buffer, _, done) => {
        if (!isMuted) stderr.write(chunk);
        done();
      },
    });
    Object.defineProperty(output, 'columns', { get: () => stderr.columns });
    const opened = createInterface({ input: stdin, output, terminal: isPerson, historySize: 0 });
    opened.on('line', (line) => {
      lines.push(line);
      wake();
    });
    opened.on('close', () => {
      hasEnded = true;
      wake();
    });
    // In raw mode Ctrl-C is a key, and no signal.
    opened.on('SIGINT', stop);
    return opened;
  }

  function stop(): void {
    isStopped = true;
    wake();
  }
  signal.addEventListener('abort', stop);

  const dialogue: Dialogue = {
    isPerson,
    say: (text) => void stderr.write(`${text}\n`),
    confirm: async (question, how) => /^\s*y(es)?\s*$/i.test(await dialogue.ask(`${question} [y/N] `, how)),
    ask: async (question, { otherwise, isHidden = false }) => {
      reader ??= open();
      if (!isPerson) stderr.write(`${question}\n`);
      else if (isHidden) stderr.write(question);
      else {
        reader.setPrompt(question);
        reader.prompt();
      }
      isMuted = isHidden && isPerson;
      while (lines.length === 0 && !hasEnded && !isStopped && !signal.aborted)
        await new Promise<void>((resolve) => (wake = resolve));
      if (isMuted) stderr.write('\n');
      isMuted = false;
      if (lines.length === 0 && isPerson && !isHidden) stderr.write('\n');
      if (isStopped || signal.aborted) {
        throw new SyncError('interrupted', 'Stopped. Nothing was written.');
      }
      const line = lines.shift();
      if (line === undefined)
        throw new ConfigError(`The input ends before "${question.trim()}". ${otherwise}`);
      return line;
    },
    close: () => {
      signal.removeEventListener('abort', stop);
      reader?.close();
    },
  };
  return dialogue;
}
