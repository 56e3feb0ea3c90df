import type { FastifyRequest } from 'fastify';

/**
 * A signal that comes when the client hangs up, until it is forgotten. It is the socket's word, not the answer's: an answer
 * that waits behind others in its connection never hears that it closed.
 */
export function watchClient({ raw: { socket } }: FastifyRequest): {
  readonly gone: AbortSignal;
  readonly forget: () => void;
} {
  const gone = new AbortController();
  const leave = () => {
    gone.abort();
  };
  // As many as requests wait in the connection; each takes its own away.
  socket.setMaxListeners(0);
  if (socket.destroyed) leave();
  else socket.once('close', leave);
  return { gone: gone.signal, forget: () => socket.off('close', leave) };
}
