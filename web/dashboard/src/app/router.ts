import { useSyncExternalStore } from 'react';

/** Where the mentor is: `#/name/argument/…?query`, so that the page needs no routes on the server. */
export interface Route {
  name: string;
  args: string[];
  query: URLSearchParams;
}

export function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [name = '', ...args] = path.split('/').filter(Boolean).map(decoded);
  return { name: name || 'queue', args, query: new URLSearchParams(query) };
}

export function address(name: string, args: string[] = [], query: Record<string, string> = {}): string {
  const set = Object.entries(query).filter(([, value]) => value !== '');
  const tail = set.length ? `?${new URLSearchParams(set)}` : '';
  return `#/${[name, ...args].map(encodeURIComponent).join('/')}${tail}`;
}

export function go(to: string, replace = false): void {
  if (replace) {
    window.history.replaceState(null, '', to);
    window.dispatchEvent(new HashChangeEvent('hashchange'));
  } else {
    window.location.hash = to;
  }
}

export function useRoute(): Route {
  return parse(useSyncExternalStore(subscribe, () => window.location.hash));
}

function subscribe(changed: () => void): () => void {
  window.addEventListener('hashchange', changed);
  return () => window.removeEventListener('hashchange', changed);
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
