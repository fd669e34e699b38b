import * as React from 'react';

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
      shown.current.querySelector('button')?.focus();
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
