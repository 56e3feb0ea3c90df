import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describeProblem, problemType } from './answer-problem.ts';
import { Problem, problemKinds } from './problems.ts';
import { watchLoop } from './watch-loop.ts';

/** Milliseconds that an answer is held back while the process has no time to spare: whoever sends garbage sends more once it came. */
const heldMs = 1_000;

type ParseError = Error & { readonly code?: string };
type HttpSocket = Socket & { readonly _httpMessage?: ServerResponse | null };

/** Answers what is no HTTP, or too much of it, and hangs up. */
export function unreadableAnswerer(isCrowded: () => boolean = watchLoop()) {
  return (error: ParseError, socket: HttpSocket): void => {
    // What is written into an answer under way would become part of it; node looks there as well.
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage) {
      socket.destroy();
      return;
    }
    // What else comes is not for the parser, which would complain of each piece of it.
    socket.pause();
    socket.removeAllListeners('data');
    if (isCrowded()) setTimeout(hangUp, heldMs, error, socket).unref();
    else hangUp(error, socket);
  };
}

function hangUp(error: ParseError, socket: Socket): void {
  const kind = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'bad-request';
  const id = randomUUID();
  const body = JSON.stringify(describeProblem(new Problem(kind, problemKinds[kind].help), id));
  socket.end(
    `HTTP/1.1 ${problemKinds[kind].status} ${problemKinds[kind].title}\r\ncontent-type: ${problemType}\r\nx-request-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
  // A connection that is closed with bytes unread is reset, and the answer lost.
  socket.resume();
}
