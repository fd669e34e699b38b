import * as React from 'react';

interface TabsProps<T extends string> {
  label: string;
  tabs: readonly { id: T; title: string }[];
  selected: T;
  select: (tab: T) => void;
  children: React.ReactNode;
}

/** Tabs as WAI-ARIA has them: one tab stop, arrow keys, Home and End; the panel beneath belongs to the chosen tab. */
export function Tabs<T extends string>({ label, tabs, selected, select, children }: TabsProps<T>): JSX.Element {
  const base = React.useId();
  const list = React.useRef<HTMLDivElement>(null);
  const move = (event: React.KeyboardEvent): void => {
    const index = tabs.findIndex(tab => tab.id === selected);
    const target = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const to = (target + tabs.length) % tabs.length;
      select(tabs[to].id);
      list.current?.querySelectorAll('button')[to].focus();
    }
  };
  return (
    <>
      <div className="caseloop-Tabs" role="tablist" aria-label={label} ref={list} onKeyDown={move}>
        {tabs.map(({ id, title }) => (
          <button
            key={id}
            type="button"
            role="tab"
            id={`${base}-${id}`}
            className="caseloop-Tab"
            data-caseloop={`tab-${id}`}
            aria-selected={id === selected}
            aria-controls={`${base}-panel`}
            tabIndex={id === selected ? 0 : -1}
            onClick={() => select(id)}
          >
            {title}
          </button>
        ))}
      </div>
      <div className="caseloop-TabPanel" role="tabpanel" id={`${base}-panel`} aria-labelledby={`${base}-${selected}`}>
        {children}
      </div>
    </>
  );
}
