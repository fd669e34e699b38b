/** How a text became another, in UTF-16 units. Pure functions. */

/** One stretch of text that gave way to another. */
export interface Difference {
  at: number;
  removed: number;
  inserted: string;
}

/** From `before` to `after`, both well-formed; undefined when they are equal. Never cuts a surrogate pair in two. */
export function difference(before: string, after: string): Difference | undefined {
  if (before === after) {
    return undefined;
  }
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before.charCodeAt(start) === after.charCodeAt(start)) {
    start++;
  }
  if (start > 0 && isHigh(before.charCodeAt(start - 1))) {
    start--;
  }
  let end = 0;
  while (end < most - start && before.charCodeAt(before.length - 1 - end) === after.charCodeAt(after.length - 1 - end)) {
    end++;
  }
  if (end > 0 && isLow(before.charCodeAt(before.length - end))) {
    end--;
  }
  return { at: start, removed: before.length - end - start, inserted: after.slice(start, after.length - end) };
}

/** The text as it can be sent: half a surrogate pair is replaced, and what is over the limit is left out. */
export function sendable(text: string, limit: number): string {
  const kept = text.length > limit ? text.slice(0, limit) : text;
  return kept.replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, '\ufffd');
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;
