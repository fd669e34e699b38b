import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { CaseloopClient } from '../src/api/client';
import type { LabCase, LabSubtask, SubtaskProgress } from '../src/api/types';
import { CaseModel } from '../src/case/model';

const progress = (subtask: string, state: SubtaskProgress['state']): SubtaskProgress => ({
  subtask,
  state,
  attempts: 1,
  points: 0,
  checks_left: null,
  updated: '2026-11-25T10:00:00Z'
});
const step = (id: string): LabSubtask => ({ view: { id }, progress: progress(id, 'in_progress') }) as LabSubtask;
const known = { id: 'prices', subtasks: [step('total'), step('mean')] } as LabCase;

beforeAll(() => vi.stubGlobal('window', { setTimeout: () => 0 }));
afterAll(() => vi.unstubAllGlobals());

it('keeps what a check has told while the case of before was under way', async () => {
  let arrive = (_: LabCase): void => undefined;
  const client = { case: () => new Promise<LabCase>(resolve => (arrive = resolve)) } as unknown as CaseloopClient;
  const model = new CaseModel(client);
  const load = async (before: () => void): Promise<void> => {
    const loading = model.load();
    before();
    arrive(known);
    await loading;
  };
  const states = (): string[] => model.case!.subtasks.map(subtask => subtask.progress.state);
  await load(() => undefined);
  await load(() => model.progressed(progress('total', 'approved')));
  expect(states()).toEqual(['approved', 'in_progress']);
  // whoever asks after it is told: a mentor may have taken it back
  await load(() => undefined);
  expect(states()).toEqual(['in_progress', 'in_progress']);
});
