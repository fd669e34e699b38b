import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { QueueItem } from '../api/mentoring-types';
import { useDesk } from '../app/desk';
import { Inline } from '../parts/inline';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { duration } from '../parts/time';
import { several } from '../parts/words';

/** As many as may be answered together at once. */
const TOGETHER = 200;

interface Props {
  id: string;
  /** The first of them. */
  same: QueueItem[];
  total: number;
  also: string[];
  onAlso: (also: string[]) => void;
}

/** Others who wait with the same signature. Each is looked at before it can be answered with the same words. */
export function SameGroup({ id, same, total, also, onAlso }: Props) {
  const [seen, setSeen] = useState<Set<string>>(() => new Set(also));
  const [looking, setLooking] = useState<string | null>(null);
  const rest = useRest(id, same, total);
  const waiting = rest.items.filter(item => item.state === 'waiting');
  if (waiting.length === 0) {
    return null;
  }
  const look = (id: string) => {
    setLooking(id === looking ? null : id);
    setSeen(before => new Set(before).add(id));
  };
  const unseen = waiting.filter(item => !seen.has(item.id));
  const all = waiting.slice(0, TOGETHER).map(item => item.id);
  return (
    <Section title={`${several(rest.more ? total : waiting.length, 'other')} with the same problem`} name="same-group">
      <ul className="Plain">
        {waiting.map(item => (
          <li key={item.id} data-caseloop="same-item" data-id={item.id}>
            <div className="SameItem">
              <label className="Check">
                <input
                  type="checkbox"
                  data-caseloop="also"
                  disabled={!seen.has(item.id)}
                  checked={also.includes(item.id)}
                  onChange={event =>
                    onAlso(event.target.checked ? [...also, item.id] : also.filter(other => other !== item.id))
                  }
                />
                {item.learner} <span className="dim">waits {duration(item.waited_seconds)}</span>
              </label>
              <button
                type="button"
                className="Button is-quiet"
                data-caseloop="look"
                aria-expanded={looking === item.id}
                onClick={() => look(item.id)}
              >
                {looking === item.id ? 'Fold' : seen.has(item.id) ? 'Look again' : 'Look'}
              </button>
            </div>
            {looking === item.id && <Glance id={item.id} />}
          </li>
        ))}
      </ul>
      {rest.problem && <Problem reason={rest.problem} />}
      {rest.more && (
        <button type="button" className="Button More" data-caseloop="more-same" disabled={rest.loading} onClick={rest.show}>
          {rest.loading ? 'Loading …' : `Show more (${rest.items.length} of ${total})`}
        </button>
      )}
      <div className="Actions">
        <button
          type="button"
          className="Button"
          data-caseloop="answer-all"
          disabled={unseen.length > 0}
          onClick={() => onAlso(all)}
        >
          {rest.more || all.length < waiting.length ? `Answer these ${all.length} together` : 'Answer all together'}
        </button>
        {unseen.length > 0 && <span className="dim">Look at each first: {unseen.length} to go.</span>}
      </div>
    </Section>
  );
}

/** The first of the others come with the question; the rest is asked for part after part. */
function useRest(id: string, first: QueueItem[], total: number) {
  const { client } = useDesk();
  const [asked, setAsked] = useState(false);
  const parts = useInfiniteQuery({
    queryKey: ['same', id],
    queryFn: ({ pageParam, signal }) => client.same(id, pageParam ?? undefined, signal),
    initialPageParam: null as string | null,
    getNextPageParam: page => page.next,
    enabled: asked
  });
  return {
    items: parts.data?.pages.flatMap(page => page.items) ?? first,
    more: parts.data ? parts.hasNextPage : total > first.length,
    loading: parts.isFetching,
    problem: parts.error,
    show: () => (parts.data ? void parts.fetchNextPage() : setAsked(true))
  };
}

/** The code that feedback speaks about, and the learner's own words. */
function Glance({ id }: { id: string }) {
  const { client } = useDesk();
  const full = useQuery({ queryKey: ['escalation', id], queryFn: () => client.escalation(id) });
  if (full.isPending) {
    return <Loading what="it" />;
  }
  if (full.isError) {
    return <Problem reason={full.error} retry={() => void full.refetch()} />;
  }
  const { cells, feedback, notes } = full.data;
  const spoken = new Set(feedback.findings.flatMap(({ place }) => (place ? [place.cell] : [])));
  const shown = cells.filter(cell => cell.kind === 'code' && (spoken.size === 0 || spoken.has(cell.id)));
  return (
    <div className="Glance" data-caseloop="glance">
      <p>
        <Inline text={feedback.headline} />
      </p>
      {notes
        .filter(note => note.author === 'learner')
        .map(note => (
          <p key={note.id} className="Quote">
            «{note.text}»
          </p>
        ))}
      {shown.map(cell => (
        <pre key={cell.id} className="CellText" tabIndex={0} role="region" aria-label="Their code">
          {cell.source}
        </pre>
      ))}
    </div>
  );
}
