import { type ReactNode, createContext, useContext, useEffect, useMemo, useRef, useState } from 'react';
import { Dialog } from '../parts/dialog';

export interface Shortcut {
  /** As KeyboardEvent.key says it. */
  key: string;
  label: string;
  run: () => void;
}

interface Registry {
  add: (shortcuts: () => Shortcut[]) => () => void;
  help: () => void;
}

const Context = createContext<Registry | null>(null);

/** One listener for all single-key shortcuts; `?` lists those that work now. Later registrations win. */
export function Shortcuts({ children }: { children: ReactNode }) {
  const sources = useRef<(() => Shortcut[])[]>([]);
  const [listed, setListed] = useState<Shortcut[] | null>(null);
  const registry = useMemo<Registry>(
    () => ({
      add: source => {
        sources.current = [source, ...sources.current];
        return () => {
          sources.current = sources.current.filter(other => other !== source);
        };
      },
      help: () => setListed(active(sources.current))
    }),
    []
  );
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event)) {
        return;
      }
      if (document.querySelector('dialog[open]')) {
        return;
      }
      const found = active(sources.current).find(shortcut => shortcut.key === event.key);
      if (found) {
        event.preventDefault();
        found.run();
      } else if (event.key === '?') {
        event.preventDefault();
        registry.help();
      }
    };
    document.addEventListener('keydown', pressed);
    return () => document.removeEventListener('keydown', pressed);
  }, [registry]);
  return (
    <Context.Provider value={registry}>
      {children}
      {listed && (
        <Dialog title="Keyboard" name="shortcuts-help" onClose={() => setListed(null)}>
          <dl className="Keys">
            {[...listed, { key: '?', label: 'This list' }].map(({ key, label }) => (
              <div key={key}>
                <dt>
                  <kbd>{NAMES[key] ?? key}</kbd>
                </dt>
                <dd>{label}</dd>
              </div>
            ))}
          </dl>
        </Dialog>
      )}
    </Context.Provider>
  );
}

const NAMES: Record<string, string> = { Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→', ' ': 'Space' };

/** Shortcuts for as long as the component is there. */
export function useShortcuts(shortcuts: Shortcut[]): void {
  const registry = useContext(Context);
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => registry?.add(() => latest.current), [registry]);
}

export function useShortcutHelp(): () => void {
  return useContext(Context)?.help ?? (() => undefined);
}

function active(sources: (() => Shortcut[])[]): Shortcut[] {
  const found = new Map<string, Shortcut>();
  for (const shortcut of sources.flatMap(source => source())) {
    if (!found.has(shortcut.key)) {
      found.set(shortcut.key, shortcut);
    }
  }
  return [...found.values()];
}

/** Whether the key is text for somebody. A read-only editor takes no text. */
function typing(event: KeyboardEvent): boolean {
  const path = event.composedPath();
  if (path.some(node => node instanceof HTMLElement && node.dataset.readOnly === 'true')) {
    return event.key === 'Enter' || event.key === ' ' || event.key.startsWith('Arrow');
  }
  const target = path[0];
  if (!(target instanceof HTMLElement)) {
    return false;
  }
  if (target.matches('input[type=range]')) {
    return event.key.startsWith('Arrow');
  }
  if (target.isContentEditable || target.matches('textarea, select, input:not([type=checkbox], [type=radio])')) {
    // Escape leaves a field; what it means on the page comes with the next press.
    if (event.key === 'Escape') {
      target.blur();
    }
    return true;
  }
  return (event.key === 'Enter' || event.key === ' ') && target.matches('button, a, summary, input');
}
