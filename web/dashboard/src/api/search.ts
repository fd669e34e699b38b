/** A query string of what is set; empty when nothing is. */
export function search(query: object): string {
  const set = Object.entries(query).filter(([, value]) => value !== undefined && value !== '' && value !== false);
  return set.length ? `?${new URLSearchParams(set.map(([name, value]) => [name, String(value)]))}` : '';
}
