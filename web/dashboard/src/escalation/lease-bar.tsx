import { useEffect, useRef } from 'react';
import type { QueueItem } from '../api/mentoring-types';
import { useSay } from '../app/announcer';
import { Problem } from '../parts/notice';
import { clock, useNow } from '../parts/time';
import { STATES } from '../parts/words';
import type { Escalation } from './use-escalation';

/** Minutes left at which the end of a lease is said aloud. */
const WARNINGS = [5, 1];

interface Props {
  item: QueueItem;
  escalation: Escalation;
}

/** Who holds it, for how long, and the buttons that change that. */
export function LeaseBar({ item, escalation: { lease, release, mine } }: Props) {
  return (
    <div className="Lease" data-caseloop="lease" data-state={item.state} data-mine={mine}>
      {mine ? (
        <>
          <span>
            Yours, <Countdown until={item.leased_until} /> left
          </span>
          <button type="button" className="Button is-quiet" data-caseloop="extend" onClick={() => lease.mutate()}>
            Keep longer <kbd>l</kbd>
          </button>
          <button type="button" className="Button is-quiet" data-caseloop="release" onClick={() => release.mutate()}>
            Give back <kbd>g</kbd>
          </button>
        </>
      ) : item.state === 'leased' ? (
        <span>{item.mentor} is on it</span>
      ) : item.state === 'waiting' ? (
        <button
          type="button"
          className="Button is-primary"
          data-caseloop="take"
          disabled={lease.isPending}
          onClick={() => lease.mutate()}
        >
          Take it <kbd>t</kbd>
        </button>
      ) : (
        <span className="Pill">
          {STATES[item.state]}
          {item.mentor && ` by ${item.mentor}`}
        </span>
      )}
      {lease.isError && <Problem reason={lease.error} />}
      {release.isError && <Problem reason={release.error} />}
    </div>
  );
}

function Countdown({ until }: { until: string | null }) {
  const now = useNow(1_000);
  const say = useSay();
  const left = until ? Date.parse(until) - now : 0;
  const minutes = Math.ceil(left / 60_000);
  const said = useRef(minutes);
  useEffect(() => {
    const passed = WARNINGS.find(mark => said.current > mark && minutes <= mark);
    if (passed !== undefined) {
      say(`Your lease ends in ${passed} min.`);
    }
    said.current = minutes;
  }, [minutes, say]);
  return (
    <time className="Countdown" data-caseloop="countdown" data-short={minutes <= 5}>
      {clock(left)}
    </time>
  );
}
