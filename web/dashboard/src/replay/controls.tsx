import { clock } from '../parts/time';
import { type Mark, MARK_KINDS, type MarkKind, following } from './marks';
import { KIND_NAMES } from './timeline';
import { type Player, SPEEDS } from './use-player';

interface Props {
  length: number;
  marks: Mark[];
  player: Player;
  onJump: (kind: MarkKind) => void;
}

export function Controls({ length, marks, player, onJump }: Props) {
  return (
    <div className="Controls">
      <button
        type="button"
        className="Button is-primary"
        data-caseloop="play"
        aria-pressed={player.playing}
        onClick={player.toggle}
      >
        {player.playing ? 'Pause' : 'Play'} <kbd>Space</kbd>
      </button>
      <div role="group" aria-label="Speed" className="Group">
        {SPEEDS.map(speed => (
          <button
            key={speed}
            type="button"
            className="Button"
            data-caseloop={`speed-${speed}`}
            aria-pressed={player.speed === speed}
            onClick={() => player.setSpeed(speed)}
          >
            {speed}×
          </button>
        ))}
      </div>
      <div role="group" aria-label="Jump to the next" className="Group">
        {MARK_KINDS.map(kind => (
          <button
            key={kind}
            type="button"
            className="Button"
            data-caseloop={`next-${kind}`}
            disabled={!following(marks, kind, player.at)}
            onClick={() => onJump(kind)}
          >
            {KIND_NAMES[kind]} →
          </button>
        ))}
      </div>
      <label className="Check">
        <input
          type="checkbox"
          data-caseloop="skip-pauses"
          checked={player.skipPauses}
          onChange={event => player.setSkipPauses(event.target.checked)}
        />
        Skip pauses
      </label>
      <span className="Clock" data-caseloop="clock">
        {clock(player.at)} <span className="dim">of {clock(length)}</span>
      </span>
    </div>
  );
}
