import { useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';
import type { EscalationFull } from '../api/mentoring-types';
import { useDesk } from '../app/desk';
import { go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Loading, Problem } from '../parts/notice';
import { ago } from '../parts/time';
import { askerOf, reasonOf, several } from '../parts/words';
import { queueAddress } from '../queue/place';
import { useTakeNext } from '../queue/use-take-next';
import { AnswerBox } from './answer-box';
import { CameBack } from './came-back';
import { CodePane } from './code-pane';
import { Conversation } from './conversation';
import { useDraft } from './draft';
import { Facts } from './facts';
import { helpOf } from './help';
import { HelpSoFar } from './help-so-far';
import { LeaseBar } from './lease-bar';
import { useRun } from './run-panel';
import { SameGroup } from './same-group';
import { SessionsList } from './sessions-list';
import { StyleReport } from './style-report';
import { Suggestions } from './suggestions';
import { type Escalation, useEscalation } from './use-escalation';
import { useWork } from './use-work';

const NOTHING = () => undefined;

export default function EscalationPage({ id }: { id: string }) {
  useTitle('Question');
  const escalation = useEscalation(id);
  const { query } = escalation;
  useShortcuts([{ key: 'Escape', label: 'Back to the queue', run: () => go(queueAddress()) }]);
  if (query.isPending) {
    return <Loading what="the question" />;
  }
  if (!query.data) {
    return (
      <div className="Page">
        <h1>Question</h1>
        <Problem reason={query.error} retry={() => void query.refetch()} />
      </div>
    );
  }
  return <Screen full={query.data} escalation={escalation} />;
}

function Screen({ full, escalation }: { full: EscalationFull; escalation: Escalation }) {
  const { item, cells } = full;
  const { client } = useDesk();
  const { draft, change, insert, comment, clear } = useDraft(item.id);
  const brief = useQuery({
    queryKey: ['brief', item.id, full.submission],
    queryFn: () => client.brief(item.id),
    staleTime: Infinity
  });
  const work = useWork(cells);
  const run = useRun(item.id);
  const field = useRef<HTMLTextAreaElement>(null);
  const help = useMemo(() => helpOf(full.help), [full.help]);
  const firstPlace = full.feedback.findings.find(({ place }) => place?.line)?.place;
  const commentHere = () => {
    const at = work.cursor ?? (firstPlace ? { cell: firstPlace.cell, line: firstPlace.line! } : null);
    if (at) {
      comment(at.cell, at.line);
    }
  };
  const take = useTakeNext();
  const asked = item.about_memory === null;
  const open = item.state === 'waiting' || item.state === 'leased';
  const entry = full.remembered.find(({ id }) => id === item.about_memory);
  useShortcuts([
    { key: 'a', label: 'Write the answer', run: () => field.current?.focus() },
    { key: 't', label: 'Take it', run: () => item.state === 'waiting' && escalation.lease.mutate() },
    { key: 'l', label: 'Keep it longer', run: () => escalation.mine && escalation.lease.mutate() },
    { key: 'g', label: 'Give it back', run: () => escalation.mine && escalation.release.mutate() },
    { key: 'n', label: 'Take the next question', run: () => !take.isPending && take.mutate() },
    ...(asked ? [{ key: 'c', label: 'Comment on the line', run: commentHere }] : []),
    { key: 'r', label: 'Run the checks', run: () => run.state.kind !== 'running' && void run.run(work.current) },
    { key: 'e', label: 'Edit a copy of the code', run: () => work.setEditing(!work.editing) }
  ]);
  return (
    <div className="Escalation" data-caseloop="escalation" data-id={item.id} data-state={item.state}>
      <header className="Escalation-head">
        <a className="Back" href={queueAddress()} data-caseloop="back">
          ← Queue
        </a>
        <div className="Escalation-title">
          <h1>{item.subtask_title}</h1>
          <p className="dim">
            {item.case_title} · {askerOf(item)} · {reasonOf(item)}
            {asked ? ' · asked ' : ' '}
            {ago(item.opened)}{' '}
            {asked && item.same > 0 && <span className="Pill is-same">+{several(item.same, 'other')} the same</span>}
          </p>
        </div>
        <LeaseBar item={item} escalation={escalation} />
        {take.problem && <Problem reason={take.problem} />}
      </header>
      <div className="Escalation-columns">
        <div className="Column is-code">
          <CodePane
            full={full}
            brief={brief}
            work={work}
            run={run}
            draft={draft}
            onComment={asked ? comment : NOTHING}
          />
          {asked && (
            <>
              {open && <SameGroup id={item.id} same={full.same} total={item.same} also={draft.also} onAlso={also => change({ also })} />}
              <SessionsList id={item.id} />
            </>
          )}
        </div>
        <div className="Column is-facts">
          <Facts
            feedback={brief.data?.feedback ?? full.feedback}
            number={full.number}
            cells={cells}
            onPlace={work.show}
          />
          {asked && <HelpSoFar help={help} />}
          <StyleReport id={item.id} submission={full.submission} cells={cells} onPlace={work.show} />
        </div>
        <div className="Column is-talk">
          <div className="Talk">
            {!asked && <CameBack entry={entry} onUse={insert} />}
            <Conversation item={item} notes={full.notes} cells={cells} onPlace={work.show} />
            <Suggestions
              remembered={full.remembered.filter(one => one !== entry)}
              similar={full.similar}
              brief={brief}
              onUse={insert}
            />
          </div>
          <AnswerBox
            full={full}
            entry={entry}
            escalation={escalation}
            draft={draft}
            field={field}
            onChange={change}
            onInsert={insert}
            onPlace={work.show}
            onSent={clear}
          />
        </div>
      </div>
    </div>
  );
}
