import * as React from 'react';

/**
 * Give an element the focus that one of ours had, unless the learner has gone on to somewhere else meanwhile.
 *
 * Whatever waits for an answer of the service may be overtaken: nobody's cursor goes away from what they are writing.
 * `going` is what had the focus and is about to disappear, text and all.
 */
export function passFocus(element: HTMLElement | null | undefined, going?: Element | null): void {
  const { activeElement } = document;
  const left = activeElement === null || activeElement === document.body || going?.contains(activeElement);
  const ours = activeElement?.closest('.caseloop-Panel, .caseloop-StepWidget') && !activeElement.matches('input, textarea');
  if (left || ours) {
    element?.focus();
  }
}

/**
 * Give the focus to the first button of an element that takes the place of the one which had it.
 *
 * When the new element appears is up to React, so its appearing is waited for and not a frame. `expect` says that the
 * focus is about to be lost; the `ref` belongs on the new element.
 */
export function useFocusReturn<T extends HTMLElement>(): { ref: (node: T | null) => void; expect: () => void } {
  const expected = React.useRef(false);
  const shown = React.useRef<T | null>(null);
  const give = React.useCallback((): void => {
    if (expected.current && shown.current) {
      expected.current = false;
      passFocus(shown.current.querySelector('button'));
    }
  }, []);
  const ref = React.useCallback(
    (node: T | null): void => {
      shown.current = node;
      give();
    },
    [give]
  );
  const expect = React.useCallback((): void => {
    expected.current = true;
    give();
  }, [give]);
  return { ref, expect };
}
