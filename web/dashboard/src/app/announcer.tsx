import { type ReactNode, createContext, useCallback, useContext, useMemo, useState } from 'react';

type Say = (words: string) => void;
const AnnouncerContext = createContext<Say>(() => undefined);

/** Says what changed to screen readers, politely, and to everybody else for some seconds. */
export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState({ words: '', count: 0 });
  const say = useCallback((words: string) => setSaid(before => ({ words, count: before.count + 1 })), []);
  const live = useMemo(
    () => (
      <div className="Toast" role="status" aria-live="polite" data-caseloop="announcement">
        {said.words && <span key={said.count}>{said.words}</span>}
      </div>
    ),
    [said]
  );
  return (
    <AnnouncerContext.Provider value={say}>
      {children}
      {live}
    </AnnouncerContext.Provider>
  );
}

export function useSay(): Say {
  return useContext(AnnouncerContext);
}
