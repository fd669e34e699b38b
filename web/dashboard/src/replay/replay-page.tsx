import { useMemo } from 'react';
import type { SessionSummary } from '../api/session-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { address, go } from '../app/router';
import { useShortcuts } from '../app/shortcuts';
import { useTitle } from '../app/use-title';
import { Empty, Loading, Problem } from '../parts/notice';
import { clock, duration, moment } from '../parts/time';
import { several } from '../parts/words';
import { Controls } from './controls';
import { type MarkKind, following, marks as marksOf } from './marks';
import { Notebook } from './notebook';
import type { Recording } from './recording';
import { Timeline } from './timeline';
import { SPEEDS, usePlayer } from './use-player';
import { type Source, useSession } from './use-session';

/** Milliseconds that the arrow keys move by. */
const STEP = 5_000;

/** Of a session of whoever asked a question. */
export default function ReplayPage({ id, session }: { id: string; session: string }) {
  const { client } = useDesk();
  const source = useMemo<Source>(
    () => ({
      key: [id, session],
      part: (from, signal) => client.session(id, session, from, signal),
      back: address('queue', [id]),
      backTo: 'Question'
    }),
    [client, id, session]
  );
  return <Replay source={source} />;
}

export function Replay({ source }: { source: Source }) {
  useTitle('Replay');
  const { first, recording, problem, complete } = useSession(source);
  useShortcuts([{ key: 'Escape', label: `Back to the ${source.backTo.toLowerCase()}`, run: () => go(source.back) }]);
  return (
    <div className="Page Replay" data-caseloop="replay">
      <a className="Back" href={source.back} data-caseloop="back">
        ← {source.backTo}
      </a>
      <h1>Replay</h1>
      {first.isPending && <Loading what="the session" />}
      {first.isError && <Problem reason={first.error} retry={() => void first.refetch()} />}
      {problem && <Problem reason={problem} />}
      {first.data && recording && recording.events.length === 0 && <Empty title="Nothing was recorded" />}
      {first.data && recording && recording.events.length > 0 && (
        <Stage recording={recording} summary={first.data.summary} complete={complete} />
      )}
    </div>
  );
}

interface Props {
  recording: Recording;
  summary: SessionSummary;
  complete: boolean;
}

function Stage({ recording, summary, complete }: Props) {
  const player = usePlayer(recording);
  const say = useSay();
  const marks = useMemo(() => marksOf(recording), [recording]);
  // the first event says how the notebook was, and comes a moment after the start
  const count = Math.max(1, recording.count(player.at));
  const instant = useMemo(() => recording.after(count), [recording, count]);
  const jump = (kind: MarkKind) => {
    const mark = following(marks, kind, player.at);
    if (mark) {
      player.seek(mark.at);
      say(`${mark.label}, at ${clock(mark.at)}.`);
    }
  };
  useShortcuts([
    { key: ' ', label: 'Play or pause', run: player.toggle },
    ...SPEEDS.map(speed => ({ key: `${speed}`, label: `Speed ${speed}×`, run: () => player.setSpeed(speed) })),
    { key: 'ArrowRight', label: '5 s on', run: () => player.seek(player.at + STEP) },
    { key: 'ArrowLeft', label: '5 s back', run: () => player.seek(player.at - STEP) },
    { key: 'p', label: 'Next paste', run: () => jump('paste') },
    { key: 'i', label: 'Next question to the AI', run: () => jump('ai') },
    { key: 'r', label: 'Next run', run: () => jump('run') },
    { key: 'c', label: 'Next check', run: () => jump('check') }
  ]);
  return (
    <>
      <p className="dim">
        {moment(summary.started)} · {duration(summary.seconds)}, of it {duration(summary.active_typing_seconds)} typing
        and {duration(summary.idle_seconds)} of pauses · {several(summary.runs, 'run')}, {summary.failed_runs} failed ·{' '}
        {several(summary.pastes, 'paste')} with {summary.pasted_chars} characters
        {!complete && ' · the rest is loading'}
      </p>
      <div className="Replay-bar">
        <Controls length={recording.length} marks={marks} player={player} onJump={jump} />
        <Timeline length={recording.length} marks={marks} player={player} />
      </div>
      {instant.uncertain && (
        <p className="Notice" role="status" data-caseloop="uncertain">
          Some events before this moment never arrived: the code here may not be exactly what the learner saw.
        </p>
      )}
      <Notebook instant={instant} />
    </>
  );
}
