/** In which order the service gives a part of the queue: what waits by urgency, what is history by its newest. */
export function orderOf(state: string | undefined, mine: boolean): string {
  const waits = state === 'waiting' || state === 'leased' || (!state && !mine);
  return waits ? 'most urgent first' : 'newest first';
}
