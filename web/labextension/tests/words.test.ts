import { describe, expect, it } from 'vitest';
import { ApiError } from '../src/api/errors';
import { stageWords } from '../src/check/words';
import { attemptsLine, moment, ofPoints, points, says, size } from '../src/parts/words';

const progress = { subtask: 's', state: 'in_progress' as const, attempts: 0, points: 0, checks_left: null, updated: null };

describe('words', () => {
  it('counts cells from one for people', () => {
    expect(stageWords({ kind: 'stage', name: 'running', detail: '', index: 0, count: 3 })).toBe('Running cell 1 of 3…');
    expect(stageWords({ kind: 'stage', name: 'running', detail: '', index: null, count: null })).toBe('Running your code…');
    expect(stageWords(undefined)).toBe('Sending your notebook…');
  });

  it('says attempts and what is left', () => {
    expect(attemptsLine(progress)).toBe('');
    expect(attemptsLine({ ...progress, attempts: 1, checks_left: 2 })).toBe('1 attempt · 2 checks left');
    expect(attemptsLine({ ...progress, checks_left: 0 })).toBe('0 checks left');
  });

  it('writes numbers as people do', () => {
    expect([points(2), points(1 / 3)]).toEqual(['2', '0.33']);
    expect([ofPoints(0), ofPoints(1), ofPoints(2.5)]).toEqual(['0 points', '1 point', '2.5 points']);
    expect([size(10), size(5_000), size(3_000_000)]).toEqual(['1 kB', '5 kB', '2.9 MB']);
    expect(moment('not a date')).toBe('');
  });
});

describe('says', () => {
  it('sees its own words in a form that was cut off', () => {
    expect(says('The total is off.\nIt counts gaps.', 'The total is off. It…')).toBe(true);
    expect(says('The total is off.', 'The total is off.')).toBe(true);
    expect(says('The total is off.', 'The mean is…')).toBe(false);
    expect(says('The total is off. It counts gaps.', 'The total is off.')).toBe(false);
  });
});

describe('ApiError', () => {
  it('takes the words of an error body', () => {
    const error = ApiError.parse(429, '{"error": "quota_spent", "detail": "No check is left.", "request_id": "r1"}');
    expect([error.error, error.detail, error.requestId, error.away, error.temporary]).toEqual([
      'quota_spent', 'No check is left.', 'r1', false, true
    ]);
  });

  it('is away only where nobody answered', () => {
    const body = (name: string): string => JSON.stringify({ error: name, detail: 'd', request_id: '' });
    expect(ApiError.parse(503, body('service_unavailable')).away).toBe(true);
    expect(ApiError.parse(503, body('busy')).away).toBe(false);
    expect(ApiError.parse(503, '<html>the Hub says: not running</html>').away).toBe(true);
    expect(ApiError.from(new TypeError('fetch failed')).away).toBe(true);
    expect(ApiError.parse(403, '<html>').away).toBe(false);
  });
});
