import type { Figures } from '../api/mentoring-types';

/** The share of failing submissions after which no mentor was asked; null: there were none, or nobody counted them. */
export function withoutMentor({ judged, escalated }: Pick<Figures, 'judged' | 'escalated'>): number | null {
  return judged ? Math.max(0, 1 - escalated / judged) : null;
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(share * 100)} %`;
}
