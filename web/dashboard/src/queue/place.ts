import { address } from '../app/router';

let last = '';

/** The queue as it was looked at last, with its filters: where «back» leads. */
export function queueAddress(): string {
  return last || address('queue');
}

export function keepQueueAddress(query: URLSearchParams): void {
  last = address('queue', [], Object.fromEntries(query));
}
