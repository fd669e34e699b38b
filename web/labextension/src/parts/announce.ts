/** Speaks to screen readers through one live region for the whole extension. */

const regions = new Map<'polite' | 'assertive', HTMLElement>();

function region(kind: 'polite' | 'assertive'): HTMLElement {
  let node = regions.get(kind);
  if (!node) {
    node = document.createElement('div');
    node.className = 'caseloop-announcer';
    node.dataset.caseloop = `announcer-${kind}`;
    node.setAttribute('aria-live', kind);
    node.setAttribute('role', kind === 'polite' ? 'status' : 'alert');
    document.body.append(node);
    regions.set(kind, node);
  }
  return node;
}

/** Say this when the reader has finished; `urgent` for what went wrong. */
export function announce(text: string, urgent = false): void {
  const node = region(urgent ? 'assertive' : 'polite');
  node.textContent = '';
  // a region that is emptied and filled in one go would not say the same words twice
  window.setTimeout(() => (node.textContent = text), 50);
}
