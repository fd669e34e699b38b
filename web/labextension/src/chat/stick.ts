import * as React from 'react';

/** Pixels from the end within which a reader is at the end. */
const NEAR = 48;

/**
 * Keeps the end of a growing list in view for who is reading there, and leaves alone who has scrolled up.
 * Returns what to call to go to the end in any case.
 */
export function useStickToEnd(within: React.RefObject<HTMLElement>, grown: readonly unknown[]): () => void {
  const sticks = React.useRef(true);
  const shown = within.current !== null;
  React.useEffect(() => {
    const scroller = within.current?.closest('.caseloop-Panel');
    const scrolled = (): void => {
      const { scrollHeight, scrollTop, clientHeight } = scroller!;
      sticks.current = scrollHeight - scrollTop - clientHeight < NEAR;
    };
    scroller?.addEventListener('scroll', scrolled, { passive: true });
    return () => scroller?.removeEventListener('scroll', scrolled);
  }, [shown]);
  React.useLayoutEffect(() => {
    const scroller = within.current?.closest('.caseloop-Panel');
    if (scroller && sticks.current) {
      scroller.scrollTop = scroller.scrollHeight;
    }
  }, grown);
  return () => {
    sticks.current = true;
  };
}
