import { describe, expect, it } from 'vitest';
import type { AiChoice, Assistance } from '../src/api/assisted-types';
import type { CaseloopClient } from '../src/api/client';
import { AssistanceModel } from '../src/assistance/model';
import { disclosure, leftWords, standing, writtenBy } from '../src/assistance/words';
import type { CaseModel } from '../src/case/model';
import { briefMoment, moment } from '../src/parts/words';

const undecided: Assistance = { mode: 'full', choice: null, chosen: null, uses: 0, model: 'a-model', remote: false };

describe('disclosure', () => {
  it('names the model and says whether text leaves the machine', () => {
    const here = disclosure(undecided).join(' ');
    expect(here).toContain('a-model');
    expect(here).toContain('goes nowhere else');
    const there = disclosure({ ...undecided, remote: true }).join(' ');
    expect(there).toContain('leaves the machine');
    expect(there).not.toContain('goes nowhere else');
  });

  it('does not speak of a model where there is none', () => {
    const sentences = disclosure({ ...undecided, model: null }).join(' ');
    expect(sentences).toContain('No language model');
    expect(sentences).toContain('Nothing you write leaves');
  });
});

describe('standing', () => {
  it('says what was chosen and how often AI was used', () => {
    expect(standing(undecided)).toBe('Not decided yet');
    expect(standing({ ...undecided, choice: true })).toBe('On · not used yet');
    expect(standing({ ...undecided, choice: true, uses: 1 })).toBe('On · used once');
    expect(standing({ ...undecided, choice: false, uses: 4 })).toBe('Off · used 4 times');
    expect(standing({ ...undecided, choice: false })).toBe('Off');
    expect(standing({ ...undecided, choice: true, model: null })).toBe('On, by rules · not used yet');
  });
});

describe('short words', () => {
  it('tells who wrote', () => {
    expect(writtenBy('model')).toBe('Written by a language model');
    expect(writtenBy('mentor')).toBe('Written by a mentor');
    expect(writtenBy(null)).toBe('Written by rules');
  });

  it('counts what is left, and is silent without a limit', () => {
    expect(leftWords(null, 'message')).toBe('');
    expect(leftWords(0, 'message')).toBe('no message left');
    expect(leftWords(2, 'message')).toBe('2 messages left');
  });

  it('gives the day of a moment only when it is another day', () => {
    const now = new Date(2026, 10, 25, 18, 0);
    const today = new Date(2026, 10, 25, 9, 5);
    const before = new Date(2026, 10, 24, 9, 5).toISOString();
    expect(briefMoment(today.toISOString(), now)).toBe(today.toLocaleTimeString(undefined, { timeStyle: 'short' }));
    expect(briefMoment(before, now)).toBe(moment(before));
  });
});

describe('AssistanceModel', () => {
  it('keeps a choice that was made while the standing of before was under way', async () => {
    let arrive = (_: Assistance): void => undefined;
    const client = {
      assistance: () => new Promise<Assistance>(resolve => (arrive = resolve)),
      choose: async ({ ai }: AiChoice) => ({ ...undecided, choice: ai })
    } as unknown as CaseloopClient;
    const model = { status: 'loading', changed: { connect: () => true } } as unknown as CaseModel;
    const assistance = new AssistanceModel(client, model);
    const loading = assistance.load();
    await assistance.choose(true);
    arrive(undecided);
    await loading;
    expect(assistance.value?.choice).toBe(true);
  });
});
