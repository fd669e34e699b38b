import { useCallback, useEffect, useRef, useState } from 'react';
import type { Recording } from './recording';

export const SPEEDS = [1, 2, 4] as const;

/** The clock of a replay. */
export function usePlayer(recording: Recording) {
  const [at, setAt] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState<number>(1);
  const [skipPauses, setSkipPauses] = useState(true);
  const now = useRef(0);
  const seek = useCallback(
    (to: number) => {
      now.current = Math.min(Math.max(0, to), recording.length);
      setAt(now.current);
    },
    [recording]
  );
  useEffect(() => {
    if (!playing) {
      return undefined;
    }
    let before = performance.now();
    let frame = requestAnimationFrame(function tick(time: number) {
      // A tab in the background gets no frames: the clock stands still meanwhile.
      const elapsed = Math.min(Math.max(0, time - before), 250);
      before = time;
      seek(recording.advance(now.current, elapsed, speed, skipPauses));
      if (now.current >= recording.length) {
        setPlaying(false);
      } else {
        frame = requestAnimationFrame(tick);
      }
    });
    return () => cancelAnimationFrame(frame);
  }, [playing, speed, skipPauses, recording, seek]);
  const toggle = useCallback(() => {
    if (!playing && now.current >= recording.length) {
      seek(0);
    }
    setPlaying(!playing);
  }, [playing, recording, seek]);
  return { at, playing, speed, skipPauses, seek, toggle, setSpeed, setSkipPauses };
}

export type Player = ReturnType<typeof usePlayer>;
