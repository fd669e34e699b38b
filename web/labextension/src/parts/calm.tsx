import * as React from 'react';

const GROW_MS = 200;

/**
 * A box whose words may be replaced while somebody reads what stands below: it never becomes smaller by that, and
 * becomes larger in one smooth motion. A new width (a resized window) lets go of what was kept.
 */
export function Calm({ words, children }: { words: string; children: React.ReactNode }): JSX.Element {
  const box = React.useRef<HTMLDivElement>(null);
  const kept = React.useRef({ width: 0, height: 0 });
  React.useLayoutEffect(() => {
    const node = box.current!;
    const before = kept.current;
    node.style.minHeight = '';
    const { width, height } = node.getBoundingClientRect();
    kept.current = { width, height: width === before.width ? Math.max(height, before.height) : height };
    if (height < kept.current.height) {
      node.style.minHeight = `${kept.current.height}px`;
    } else if (before.height && before.width === width && height > before.height) {
      grow(node, before.height, height);
    }
  }, [words]);
  React.useEffect(() => {
    const node = box.current!;
    const observer = new ResizeObserver(() => {
      if (Math.abs(node.getBoundingClientRect().width - kept.current.width) > 1) {
        node.style.minHeight = '';
        kept.current = { width: 0, height: 0 };
      }
    });
    observer.observe(node);
    return () => observer.disconnect();
  }, []);
  return (
    <div className="caseloop-Calm" ref={box}>
      {children}
    </div>
  );
}

function grow(node: HTMLElement, from: number, to: number): void {
  if (!window.matchMedia('(prefers-reduced-motion: reduce)').matches) {
    node.animate([{ height: `${from}px` }, { height: `${to}px` }], { duration: GROW_MS, easing: 'ease-out' });
  }
}
