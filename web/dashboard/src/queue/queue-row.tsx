import type { QueueItem } from '../api/mentoring-types';
import { address } from '../app/router';
import { Inline } from '../parts/inline';
import { duration } from '../parts/time';
import { REASONS, STATES, learnerName, several } from '../parts/words';

/** Waits of more than half an hour and of more than two hours are told apart at a glance. */
function urgency({ state, waited_seconds }: QueueItem): string {
  if (state !== 'waiting') {
    return 'none';
  }
  return waited_seconds > 7_200 ? 'high' : waited_seconds > 1_800 ? 'middle' : 'low';
}

export function QueueRow({ item, me }: { item: QueueItem; me: string }) {
  return (
    <li className="QueueRow" data-caseloop="queue-row" data-id={item.id} data-state={item.state}>
      <a href={address('queue', [item.id])}>
        <span className="QueueRow-wait" data-urgency={urgency(item)}>
          <span className="sr">{item.state === 'waiting' ? 'Waiting for ' : 'Asked '}</span>
          {duration(item.waited_seconds)}
        </span>
        <span className="QueueRow-what">
          <strong><Inline text={item.headline || REASONS[item.reason]} /></strong>
          <span className="dim">
            {item.case_title} · {item.subtask_title}
          </span>
        </span>
        <span className="QueueRow-tags">
          {item.same > 0 && (
            <span className="Pill is-same" data-caseloop="same">
              +{several(item.same, 'other')} the same
            </span>
          )}
          {item.reopened > 0 && <span className="Pill is-warm">Reopened</span>}
          <span className="Pill">{REASONS[item.reason]}</span>
        </span>
        <span className="QueueRow-who">
          <span>{learnerName(item.learner)}</span>
          <span className="dim" data-state={item.state}>
            {STATES[item.state]}
            {item.mentor && ` · ${item.mentor === me ? 'you' : item.mentor}`}
          </span>
        </span>
      </a>
    </li>
  );
}
