import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import type { LearnersWork } from '../api/desk-types';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { SessionItems } from '../escalation/sessions-list';
import { Empty, Loading, Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { ago, moment } from '../parts/time';
import { VERDICTS, several } from '../parts/words';
import { LearnerVersion } from './learner-version';
import { STATES, stepLines, titleIn } from './standing';

interface Props {
  name: string;
  learner: string;
  /** Null: the one that is worked on. */
  step: string | null;
}

/** One learner's work in a case, read-only: where a mentor comes to from the class. Opening it is a look that is kept. */
export default function LearnerPage({ name, learner, step }: Props) {
  useTitle(learner);
  const { client } = useDesk();
  const back = address('class', [], { case: name });
  useShortcuts([{ key: 'Escape', label: 'Back to the class', run: () => go(back) }]);
  const work = useQuery({
    queryKey: ['work', name, learner, step],
    queryFn: () => client.work(name, learner, step ?? undefined),
    placeholderData: keepPreviousData,
    staleTime: 60_000
  });
  const { data } = work;
  return (
    <div className="Page" data-caseloop="learner" data-user={learner} data-step={data?.subtask ?? undefined}>
      <a className="Back" href={back} data-caseloop="back">
        ← Class
      </a>
      <h1 className="Learner-name">{learner}</h1>
      {work.isPending && <Loading what="the learner’s work" />}
      {work.isError && <Problem reason={work.error} retry={() => void work.refetch()} />}
      {data && <Work work={data} />}
    </div>
  );
}

function Work({ work }: { work: LearnersWork }) {
  const { case: name, user, subtask, latest, sessions } = work;
  return (
    <>
      <p className="dim Learner-case">
        {work.case_title}
        {subtask && ` · ${titleIn(work.titles, subtask)}`}
      </p>
      <StepTabs work={work} />
      <Section title="Sessions" name="sessions">
        {sessions.length === 0 && <p className="dim">Nothing is recorded: the learner has not agreed to it.</p>}
        <SessionItems sessions={sessions} to={session => address('learner', [name, user, 'replay', session], { step: subtask ?? '' })} />
      </Section>
      {latest === null && (
        <Empty title={subtask ? 'This step was never checked' : 'Nothing was checked yet'}>
          {sessions.length > 0 && 'What was recorded is above.'}
        </Empty>
      )}
      {latest && <Versions key={`${subtask} ${latest.submission}`} work={work} newest={latest.submission} />}
    </>
  );
}

function StepTabs({ work }: { work: LearnersWork }) {
  return (
    <nav className="LearnerSteps" aria-label="Steps">
      {stepLines(work.subtasks, work.titles).map(({ step, title, standing }) =>
        standing ? (
          <a
            key={step}
            href={address('learner', [work.case, work.user], { step })}
            aria-current={step === work.subtask ? 'true' : undefined}
            data-caseloop="learner-step"
            data-step={step}
          >
            <span className="Step" data-state={standing.state} />
            <span>
              {title}
              <small className="dim">
                {STATES[standing.state]} · {several(standing.attempts, 'attempt')} · {ago(standing.updated)}
              </small>
            </span>
          </a>
        ) : (
          <span key={step} className="dim" data-caseloop="untouched-step">
            <span className="Step" />
            <span>
              {title}
              <small>not started</small>
            </span>
          </span>
        )
      )}
    </nav>
  );
}

/** The version that is shown, and the others to choose from. */
function Versions({ work, newest }: { work: LearnersWork; newest: string }) {
  const { client } = useDesk();
  const [chosen, setChosen] = useState(newest);
  const earlier = useQuery({
    queryKey: ['learners-version', work.case, work.user, chosen],
    queryFn: () => client.learnersVersion(work.case, work.user, chosen),
    enabled: chosen !== newest,
    staleTime: Infinity
  });
  const version = chosen === newest ? work.latest : earlier.data;
  return (
    <>
      <label className="Pick Learner-version">
        <span>Version</span>
        <select data-caseloop="pick-version" value={chosen} onChange={event => setChosen(event.target.value)}>
          {work.versions.map(({ submission, number, recorded, verdict }) => (
            <option key={submission} value={submission}>
              {`Version ${number} · ${moment(recorded)} · ${verdict ? VERDICTS[verdict] : 'Not judged to the end'}`}
            </option>
          ))}
        </select>
      </label>
      {earlier.isError && <Problem reason={earlier.error} retry={() => void earlier.refetch()} />}
      {version ? <LearnerVersion key={version.submission} version={version} /> : !earlier.isError && <Loading what="that version" />}
    </>
  );
}
