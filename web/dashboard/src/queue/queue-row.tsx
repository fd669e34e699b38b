import type { QueueItem } from '../api/mentoring-types';
import { address } from '../app/router';
import { Inline } from '../parts/inline';
import { ago, duration } from '../parts/time';
import { STATES, askerOf, reasonOf, several } from '../parts/words';

/** Waits of more than half an hour and of more than two hours are told apart at a glance. */
function urgency({ state, waited_seconds }: QueueItem): string {
  if (state !== 'waiting') {
    return 'none';
  }
  return waited_seconds > 7_200 ? 'high' : waited_seconds > 1_800 ? 'middle' : 'low';
}

export function QueueRow({ item, me }: { item: QueueItem; me: string }) {
  const open = item.state === 'waiting' || item.state === 'leased';
  const asked = item.about_memory === null;
  return (
    <li className="QueueRow" data-caseloop="queue-row" data-id={item.id} data-state={item.state}>
      <a href={address('queue', [item.id])}>
        <span className="QueueRow-wait" data-urgency={urgency(item)}>
          <span className="sr">{open ? 'Waiting for ' : asked ? 'Asked ' : 'Came back '}</span>
          {open ? duration(item.waited_seconds) : ago(item.opened)}
        </span>
        <span className="QueueRow-what">
          <strong><Inline text={item.headline || reasonOf(item)} /></strong>
          <span className="dim">
            {item.case_title} · {item.subtask_title}
          </span>
        </span>
        <span className="QueueRow-tags">
          {asked && item.same > 0 && (
            <span className="Pill is-same" data-caseloop="same">
              +{several(item.same, 'other')} the same
            </span>
          )}
          {asked && item.reopened > 0 && <span className="Pill is-warm">Reopened</span>}
          <span className={asked ? 'Pill' : 'Pill is-warm'} data-caseloop={asked ? undefined : 'came-back'}>
            {reasonOf(item)}
          </span>
        </span>
        <span className="QueueRow-who">
          <span>{askerOf(item)}</span>
          <span className="dim" data-state={item.state}>
            {STATES[item.state]}
            {item.mentor && ` · ${item.mentor === me ? 'you' : item.mentor}`}
          </span>
        </span>
      </a>
    </li>
  );
}
