import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { Measures } from '../api/mentoring-types';
import { useDesk } from '../app/desk';
import { type Route, address, go } from '../app/router';
import { useTitle } from '../app/use-title';
import { Loading, Problem } from '../parts/notice';
import { duration, moment } from '../parts/time';
import { several } from '../parts/words';
import { percent, withoutMentor } from './shares';
import { Weeks } from './weeks';

const PERIODS = [
  ['7', 'A week'],
  ['30', '30 days'],
  ['90', '90 days']
] as const;

export default function MeasuresPage({ route: { query } }: { route: Route }) {
  useTitle('Measures');
  const { client } = useDesk();
  const days = query.get('days') ?? '7';
  const chosen = query.get('case') ?? '';
  const set = (name: string, value: string) =>
    go(address('measures', [], { ...Object.fromEntries(query), [name]: value }), true);
  const cases = useQuery({ queryKey: ['cases'], queryFn: () => client.cases(), staleTime: 60_000 });
  const measures = useQuery({
    queryKey: ['measures', chosen, days],
    queryFn: () => client.measures({ case: chosen || undefined, days: Number(days) })
  });
  return (
    <div className="Page" data-caseloop="measures">
      <header className="Page-head">
        <div>
          <h1>Measures</h1>
          <p className="dim">{measures.data ? `Since ${moment(measures.data.since)}` : ' '}</p>
        </div>
        <form className="Filters" aria-label="Period and case" onSubmit={event => event.preventDefault()}>
          <label>
            <span>Period</span>
            <select data-caseloop="period" value={days} onChange={event => set('days', event.target.value)}>
              {PERIODS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </label>
          <label>
            <span>Case</span>
            <select data-caseloop="filter-case" value={chosen} onChange={event => set('case', event.target.value)}>
              <option value="">All cases</option>
              {cases.data?.map(({ id, title }) => (
                <option key={id} value={id}>
                  {title}
                </option>
              ))}
            </select>
          </label>
        </form>
      </header>
      {measures.isPending && <Loading what="the measures" />}
      {measures.isError && <Problem reason={measures.error} retry={() => void measures.refetch()} />}
      {measures.data && (
        <>
          <Cards measures={measures.data} />
          <Weeks weeks={measures.data.weeks} />
        </>
      )}
    </div>
  );
}

function Cards({ measures }: { measures: Measures }) {
  const { judged, escalated, answered, remembered } = measures;
  const automated = withoutMentor(measures);
  const first = measures.first_answer_seconds_median;
  return (
    <dl className="Cards">
      <Card name="Answered without a mentor" value={percent(automated)} share={automated}>
        {judged === null ? 'failing submissions cannot be counted now' : several(judged, 'failing submission')}, {escalated}{' '}
        asked a mentor
      </Card>
      <Card name="Time to the first answer" value={first === null ? '–' : duration(first)}>
        median of {answered} answered
      </Card>
      <Card name="Mentors’ minutes saved" value={String(Math.round(measures.minutes_saved))}>
        {several(remembered, 'remembered answer')} given instead
      </Card>
      <Card
        name="Hints that helped"
        value={percent(measures.hints_helpful_share)}
        share={measures.hints_helpful_share}
      >
        of the machine’s that were rated
      </Card>
      <Card name="Mentors’ answers that helped" value={percent(measures.helpful_share)} share={measures.helpful_share}>
        of those that were rated
      </Card>
      <Card
        name="Remembered answers that helped"
        value={percent(measures.remembered_helpful_share)}
        share={measures.remembered_helpful_share}
      >
        of those that were rated
      </Card>
    </dl>
  );
}

interface CardProps {
  name: string;
  value: string;
  /** Between 0 and 1: drawn as a bar. */
  share?: number | null;
  children: ReactNode;
}

function Card({ name, value, share, children }: CardProps) {
  return (
    <div className="Card" data-caseloop="measure">
      <dt>{name}</dt>
      <dd>
        <span className="Card-value">{value}</span>
        {share !== undefined && <meter min={0} max={1} value={share ?? 0} aria-label={name} />}
        <span className="dim">{children}</span>
      </dd>
    </div>
  );
}
