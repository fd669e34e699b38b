import type { Interval } from '../api/quality-types';

const WIDTH = 136;
const HEIGHT = 16;
const EDGE = 6;

interface Props {
  value: Interval;
  /** The scale goes from -reach to +reach with 0 in the middle; without it, from 0 to 1. */
  reach?: number;
  tone?: string;
}

/** A mean as a dot on its interval. The figures stand beside it, so whoever cannot see it misses nothing. */
export function IntervalBar({ value: { mean, low, high }, reach, tone }: Props) {
  const at = (value: number) => {
    const part = reach ? 0.5 + value / (2 * reach) : value;
    return EDGE + Math.min(1, Math.max(0, part)) * (WIDTH - 2 * EDGE);
  };
  const middle = HEIGHT / 2;
  return (
    <svg className="Interval" data-tone={tone} width={WIDTH} height={HEIGHT} aria-hidden="true" data-caseloop="interval">
      <line className="Interval-scale" x1={EDGE} x2={WIDTH - EDGE} y1={middle} y2={middle} />
      {reach && <line className="Interval-zero" x1={at(0)} x2={at(0)} y1={1} y2={HEIGHT - 1} />}
      {low !== null && high !== null && (
        <rect className="Interval-band" x={at(low)} y={middle - 3} width={Math.max(2, at(high) - at(low))} height={6} rx={3} />
      )}
      {mean !== null && <circle className="Interval-mean" cx={at(mean)} cy={middle} r={4} />}
    </svg>
  );
}
