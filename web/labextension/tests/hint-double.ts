import type { HintView } from '../src/api/assisted-types';

/** A hint that is ready, or as the fields say. */
export const hint = (id: string, fields: Partial<HintView> = {}): HintView => ({
  id,
  subtask: 'total',
  kind: 'debug',
  state: 'ready',
  stage: 'done',
  asked: '2026-11-25T10:00:00Z',
  text: 'Look.',
  place: null,
  words_by: 'model',
  reflection: null,
  helpful: null,
  counted: true,
  problem: null,
  ...fields
});
