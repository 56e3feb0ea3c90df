import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describeProblem, problemType } from './answer-problem.ts';
import { Problem, problemKinds } from './problems.ts';

/** Answers what is no HTTP, or too much of it, and hangs up. */
export function answerUnreadable(
  error: Error & { readonly code?: string },
  socket: Socket & { readonly _httpMessage?: ServerResponse | null },
): void {
  // What is written into an answer under way would become part of it; node looks there as well.
  if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage) {
    socket.destroy();
    return;
  }
  const kind = error.code === 'HPE_HEADER_OVERFLOW' ? 'headers-too-large' : 'bad-request';
  const id = randomUUID();
  const body = JSON.stringify(describeProblem(new Problem(kind, problemKinds[kind].help), id));
  socket.end(
    `HTTP/1.1 ${problemKinds[kind].status} ${problemKinds[kind].title}\r\ncontent-type: ${problemType}\r\nx-request-id: ${id}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}
