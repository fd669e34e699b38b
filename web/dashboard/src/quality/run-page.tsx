import { useQuery } from '@tanstack/react-query';
import type { RunFigures } from '../api/quality-types';
import { useDesk } from '../app/desk';
import { address } from '../app/router';
import { useTitle } from '../app/use-title';
import { Inline } from '../parts/inline';
import { Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { moment } from '../parts/time';
import { several } from '../parts/words';
import { HeatTable } from './heat-table';
import { RunState } from './run-state';
import { Samples } from './samples';
import { ScoresTable } from './scores-table';
import { figuresQuery } from './use-run';
import { VerdictTable } from './verdict-table';
import { milliseconds } from './words';

interface Props {
  run: string;
  query: URLSearchParams;
}

export default function RunPage({ run, query }: Props) {
  useTitle(`Run ${run}`);
  const { client } = useDesk();
  const figures = useQuery(figuresQuery(client.quality, run));
  return (
    <div className="Page" data-caseloop="run" data-run={run}>
      <a className="Back" href={address('runs')}>
        ‹ Runs
      </a>
      <header className="Page-head">
        <div>
          <h1 className="Long">{run}</h1>
          {figures.data && <Facts figures={figures.data} />}
        </div>
        {figures.data?.judge && (
          <a className="Button" href={address('labels', [], { run })} data-caseloop="to-labels">
            Label its judge
          </a>
        )}
      </header>
      {figures.isPending && <Loading what="the run" />}
      {figures.isError && <Problem reason={figures.error} retry={() => void figures.refetch()} />}
      {figures.data && (
        <div className="Stack">
          <Cards figures={figures.data} />
          <Section title="Scores" name="scores">
            <ScoresTable scores={figures.data.scores} />
          </Section>
          <Section title="Case by case" name="heat">
            <HeatTable rows={figures.data.heat} scores={figures.data.scores} />
          </Section>
          <Section title="Verdicts" name="verdicts">
            <VerdictTable counts={figures.data.verdicts} />
          </Section>
          <Samples figures={figures.data} query={query} />
          <Section title="What answered" name="pipeline">
            <dl className="Pairs">
              {Object.entries(figures.data.pipeline).map(([name, value]) => (
                <div key={name}>
                  <dt>{name}</dt>
                  <dd>
                    <code>{value}</code>
                  </dd>
                </div>
              ))}
            </dl>
          </Section>
        </div>
      )}
    </div>
  );
}

function Facts({ figures }: { figures: RunFigures }) {
  return (
    <p className="dim Facts-line">
      <RunState run={figures} />
      <span>
        {figures.suite}, started {moment(figures.started)}
      </span>
      {figures.accepted_by && figures.accepted_at && (
        <span>
          accepted by {figures.accepted_by}, {moment(figures.accepted_at)}
        </span>
      )}
    </p>
  );
}

function Cards({ figures }: { figures: RunFigures }) {
  const tokens = figures.prompt_tokens + figures.completion_tokens;
  const cards: [string, string, string][] = [
    ['Samples', String(figures.samples), `of ${several(figures.cases, 'case')}`],
    [
      'Without an answer',
      String(figures.not_answered),
      figures.contaminated ? `${figures.contaminated} more count in no figure: contaminated` : 'none is contaminated'
    ],
    ['Time of an answer', milliseconds(figures.median_ms), `in the middle; 95% within ${milliseconds(figures.p95_ms)}`],
    ['Tokens', tokens.toLocaleString('en-GB'), figures.cost ? `cost ${figures.cost.toFixed(4)}` : 'sent and written'],
    ...(figures.judge
      ? [
          [
            'Judged',
            String(figures.judge.opinions),
            `by ${figures.judge.model}; people labelled ${figures.judge.labelled}`
          ] as [string, string, string]
        ]
      : [])
  ];
  return (
    <>
      <dl className="Cards is-small">
        {cards.map(([name, value, words]) => (
          <div className="Card" key={name} data-caseloop="run-fact">
            <dt>{name}</dt>
            <dd>
              <span className="Card-value">{value}</span>
              <span className="dim">{words}</span>
            </dd>
          </div>
        ))}
      </dl>
      {figures.judge?.notes.map(note => (
        <p key={note} className="Notice" data-caseloop="judge-note">
          <Inline text={note} />
        </p>
      ))}
    </>
  );
}
