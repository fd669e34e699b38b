import { useMemo } from 'react';
import { clock } from '../parts/time';
import { type Mark, MARK_KINDS, thinned } from './marks';
import type { Player } from './use-player';

/** Places on the time line at which marks of a kind are told apart. */
const SPOTS = 400;
export const KIND_NAMES = { paste: 'Paste', ai: 'AI', run: 'Run', check: 'Check' } as const;

interface Props {
  length: number;
  marks: Mark[];
  player: Player;
}

/** A slider over the session, with a lane of marks for each kind. */
export function Timeline({ length, marks, player }: Props) {
  const drawn = useMemo(() => thinned(marks, length, SPOTS), [marks, length]);
  return (
    <div className="Timeline" data-caseloop="timeline">
      <input
        type="range"
        min={0}
        max={Math.max(1, length)}
        step={Math.max(1, Math.min(1_000, Math.round(length / 100)))}
        value={player.at}
        aria-label="Time in the session"
        aria-valuetext={`${clock(player.at)} of ${clock(length)}`}
        data-caseloop="seek"
        onChange={event => player.seek(Number(event.target.value))}
      />
      <svg viewBox={`0 0 ${SPOTS} 40`} preserveAspectRatio="none" aria-hidden="true">
        {MARK_KINDS.map((kind, lane) => (
          <line key={kind} className="Lane" x1="0" x2={SPOTS} y1={lane * 10 + 5} y2={lane * 10 + 5} />
        ))}
        {drawn.map((mark, index) => (
          <rect
            key={index}
            className="MarkDot"
            data-kind={mark.kind}
            data-strong={mark.strong}
            x={(mark.at / Math.max(1, length)) * (SPOTS - 2)}
            y={MARK_KINDS.indexOf(mark.kind) * 10 + (mark.strong ? 1 : 2.5)}
            width="2"
            height={mark.strong ? 8 : 5}
          />
        ))}
        <line
          className="Playhead"
          x1={(player.at / Math.max(1, length)) * SPOTS}
          x2={(player.at / Math.max(1, length)) * SPOTS}
          y1="0"
          y2="40"
        />
      </svg>
      <div className="Timeline-names" aria-hidden="true">
        {MARK_KINDS.map(kind => (
          <span key={kind} data-kind={kind}>
            {KIND_NAMES[kind]} {marks.filter(mark => mark.kind === kind).length}
          </span>
        ))}
      </div>
    </div>
  );
}
