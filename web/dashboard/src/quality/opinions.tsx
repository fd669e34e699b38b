import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { JudgeExchange, JudgeOpinion } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { SAID, plain } from './words';

interface Props {
  run: string;
  sample: string;
  opinions: JudgeOpinion[];
}

/** What the judge and people say about a sample, and on demand every word of it. */
export function Opinions({ run, sample, opinions }: Props) {
  const [open, setOpen] = useState(false);
  if (!opinions.length) {
    return null;
  }
  return (
    <Section title="The judge" name="opinions">
      <div className="TableScroll" tabIndex={0} role="region" aria-label="The judge’s opinions">
        <table className="Table">
          <thead>
            <tr>
              <th scope="col">Question</th>
              <th scope="col">Judge</th>
              <th scope="col">With the reference</th>
              <th scope="col">People</th>
              <th scope="col">Reasons</th>
            </tr>
          </thead>
          <tbody>
            {opinions.map(opinion => (
              <tr key={opinion.item} data-caseloop="opinion" data-question={opinion.question}>
                <th scope="row" className="Wraps">
                  {opinion.title}
                  {opinion.subject && <small className="dim"> {opinion.subject}</small>}
                </th>
                <td>
                  <Answer said={opinion.answer} good={opinion.good} />
                  {opinion.turned && <small className="dim"> turned with the order</small>}
                  {opinion.wavered && <small className="dim"> wavered</small>}
                </td>
                <td>{opinion.informed ? <Answer said={opinion.informed} good={opinion.good} /> : '–'}</td>
                <td className="Wraps">
                  {Object.entries(opinion.people)
                    .map(([person, said]) => `${person}: ${SAID[said]}`)
                    .join(', ') || '–'}
                </td>
                <td className="Wraps Reasons">{opinion.reasons || '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <details className="Exchanges" onToggle={event => setOpen(event.currentTarget.open)} data-caseloop="exchanges">
        <summary>Every word between us and the judge</summary>
        {open && <Exchanges run={run} sample={sample} />}
      </details>
    </Section>
  );
}

function Answer({ said, good }: { said: JudgeOpinion['answer']; good: JudgeOpinion['good'] }) {
  if (said === null) {
    return <span className="dim">could not be read</span>;
  }
  const tone = said === 'cannot_tell' ? undefined : said === good ? 'good' : 'bad';
  return (
    <span className="Pill" data-tone={tone}>
      {SAID[said]}
    </span>
  );
}

function Exchanges({ run, sample }: { run: string; sample: string }) {
  const { client } = useDesk();
  const exchanges = useQuery({
    queryKey: ['exchanges', run, sample],
    queryFn: () => client.quality.exchanges(run, sample),
    staleTime: Infinity
  });
  if (exchanges.isPending) {
    return <Loading what="what was said" />;
  }
  if (exchanges.isError) {
    return <Problem reason={exchanges.error} retry={() => void exchanges.refetch()} />;
  }
  if (!exchanges.data.length) {
    return <p className="dim">Nothing is kept of it.</p>;
  }
  return exchanges.data.map((exchange, index) => <OneExchange key={index} exchange={exchange} />);
}

function OneExchange({ exchange }: { exchange: JudgeExchange }) {
  const { question, look, order, outcome, answer, problem, model } = exchange;
  return (
    <details data-caseloop="exchange">
      <summary>
        {plain(question)}, {look === 'blind' ? 'before the reference' : 'with the reference'}, {plain(order)}:{' '}
        {answer ? SAID[answer] : plain(outcome)} <span className="dim">{model}</span>
      </summary>
      {problem && <p className="Notice">{problem}</p>}
      {[...exchange.messages, { role: 'judge', content: exchange.said }].map(
        (message, index) =>
          message.content && (
            <div key={index}>
              <p className="dim">{message.role}</p>
              <pre className="CellText" tabIndex={0} role="region" aria-label={`Message ${index + 1}, ${message.role}`}>
                {message.content}
              </pre>
            </div>
          )
      )}
    </details>
  );
}
