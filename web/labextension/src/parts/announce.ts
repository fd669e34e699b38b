/** Speaks to screen readers through two live regions, polite and urgent, for the whole extension. */

/** Milliseconds until words make room for later ones: readers take an addition up at once, and say it in their turn. */
const HELD = 7000;
const regions = new Map<'polite' | 'assertive', HTMLElement>();

function region(kind: 'polite' | 'assertive'): HTMLElement {
  let node = regions.get(kind);
  if (!node) {
    node = document.createElement('div');
    node.className = 'caseloop-announcer';
    node.dataset.caseloop = `announcer-${kind}`;
    node.setAttribute('aria-live', kind);
    node.setAttribute('aria-relevant', 'additions');
    node.setAttribute('role', 'log');
    document.body.append(node);
    regions.set(kind, node);
  }
  return node;
}

/**
 * Say this when the reader has finished; `urgent` for what went wrong.
 *
 * Words are added to those said before: an answer and a check that end together are both heard.
 */
export function announce(text: string, urgent = false): void {
  const node = region(urgent ? 'assertive' : 'polite');
  const words = document.createElement('div');
  words.textContent = text;
  // a reader that has just met the region does not say what was in it from the beginning
  window.setTimeout(() => node.append(words), 50);
  window.setTimeout(() => {
    while (words.previousSibling) {
      words.previousSibling.remove();
    }
  }, 50 + HELD);
}
