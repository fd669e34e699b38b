/**
 * Keeps a key pressed on one of our buttons or typed in one of our boxes from being a command of the notebook: in
 * command mode Enter would edit the cell, and D twice would delete it. Shortcuts with a modifier (save, check) go on working.
 *
 * Lab looks for this attribute on the focused element only when its own selector matches there, so it has to be on
 * that element; Lab listens on the document, so the window hears the key first.
 */
export function guardPlainKeys(): void {
  const guard = (event: KeyboardEvent): void => {
    if (event.target instanceof HTMLElement && event.target.closest('.caseloop-Step, .caseloop-Panel')) {
      const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
      event.target.toggleAttribute('data-lm-suppress-shortcuts', plain);
    }
  };
  window.addEventListener('keydown', guard, true);
}
