import { type KeyboardEvent, type ReactNode, useId } from 'react';

interface Props<Name extends string> {
  label: string;
  tabs: { name: Name; title: string }[];
  now: Name;
  onChange: (name: Name) => void;
  children: ReactNode;
}

/** Tabs as the ARIA practices have them: arrows move, one is in the tab order. */
export function Tabs<Name extends string>({ label, tabs, now, onChange, children }: Props<Name>) {
  const id = useId();
  const moved = (event: KeyboardEvent<HTMLDivElement>) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) {
      return;
    }
    event.preventDefault();
    const index = tabs.findIndex(tab => tab.name === now);
    const next = tabs[(index + by + tabs.length) % tabs.length]!;
    onChange(next.name);
    event.currentTarget.querySelector<HTMLElement>(`[data-tab="${next.name}"]`)?.focus();
  };
  return (
    <div className="Tabs">
      <div role="tablist" aria-label={label} onKeyDown={moved}>
        {tabs.map(tab => (
          <button
            key={tab.name}
            type="button"
            role="tab"
            id={`${id}-${tab.name}`}
            data-tab={tab.name}
            aria-selected={tab.name === now}
            aria-controls={`${id}-panel`}
            tabIndex={tab.name === now ? 0 : -1}
            onClick={() => onChange(tab.name)}
          >
            {tab.title}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${now}`}>
        {children}
      </div>
    </div>
  );
}
