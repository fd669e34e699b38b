import { type ReactNode, useState } from 'react';
import type { Me } from '../api/desk-types';
import { useSay } from './announcer';
import { useDesk } from './desk';
import { address, go, useRoute } from './router';
import { useShortcutHelp, useShortcuts } from './shortcuts';

export interface Place {
  name: string;
  title: string;
}

/** What hangs in the navigation; further pages are added here and in `app.tsx`. */
export const PLACES: Place[] = [
  { name: 'queue', title: 'Queue' },
  { name: 'memory', title: 'Remembered' },
  { name: 'class', title: 'Class' },
  { name: 'measures', title: 'Measures' }
];
const ADMIN_PLACES: Place[] = [{ name: 'cases', title: 'Cases' }];
const QA_PLACES: Place[] = [
  { name: 'runs', title: 'Runs' },
  { name: 'labels', title: 'Labels' }
];

/** Pages that belong to a place of another name. */
const WITHIN: Record<string, string> = { learner: 'class', upload: 'cases', compare: 'runs' };

/** Whether somebody may do what mentors do; admins may. */
export function answers({ roles }: Me): boolean {
  return roles.includes('mentor') || roles.includes('admin');
}

function placesOf(me: Me): Place[] {
  const admin = me.roles.includes('admin');
  return [
    ...(answers(me) ? PLACES : []),
    ...(admin ? ADMIN_PLACES : []),
    ...(admin || me.roles.includes('qa') ? QA_PLACES : [])
  ];
}

export function Frame({ children }: { children: ReactNode }) {
  const { name } = useRoute();
  const { client, me } = useDesk();
  const help = useShortcutHelp();
  const say = useSay();
  const home = answers(me) ? 'queue' : 'runs';
  useShortcuts([
    home === 'queue'
      ? { key: 'q', label: 'To the queue', run: () => go(address('queue')) }
      : { key: 'q', label: 'To the runs', run: () => go(address('runs')) }
  ]);
  const [left, setLeft] = useState(false);
  const places = placesOf(me);
  const leave = () =>
    client.signOut().then(
      () => setLeft(true),
      (reason: Error) => say(reason.message)
    );
  if (left) {
    return (
      <main className="Alone" data-caseloop="signed-out">
        <h1>You are signed out</h1>
        <p>The Hub may still know you: sign out there too on a computer that others use.</p>
        <a href="./">Sign in again</a>
      </main>
    );
  }
  return (
    <div className="Frame">
      <a className="Skip" href="#main" onClick={toMain}>
        Skip to the content
      </a>
      <header className="Frame-bar">
        <a className="Frame-brand" href={address(home)}>
          <span className="Frame-mark" aria-hidden="true" />
          Caseloop <span className="Frame-desk">{home === 'queue' ? 'Mentors’ desk' : 'Quality desk'}</span>
        </a>
        <nav aria-label="Pages">
          {places.map(place => (
            <a
              key={place.name}
              href={address(place.name)}
              aria-current={place.name === (WITHIN[name] ?? name) ? 'page' : undefined}
            >
              {place.title}
            </a>
          ))}
        </nav>
        <div className="Frame-who">
          <button type="button" className="Button is-quiet" onClick={help} data-caseloop="show-shortcuts">
            <kbd>?</kbd> <span className="wide-only">Keyboard</span>
          </button>
          <span data-caseloop="signed-in" title={me.roles.join(', ')}>
            {me.user}
          </span>
          <button type="button" className="Button is-quiet" data-caseloop="sign-out" onClick={leave}>
            Sign out
          </button>
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

function toMain(event: { preventDefault: () => void }): void {
  event.preventDefault(); // the fragment is the route
  document.getElementById('main')?.focus();
}
