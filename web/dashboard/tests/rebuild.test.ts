import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../src/api/session-types';
import { Recording } from '../src/replay/recording';

interface Fixture {
  about: string;
  events: SessionEvent[];
  expected: { at: number; cells: { id: string; kind: string; source: string }[] }[];
}

const FOLDER = new URL('../../../tests/fixtures/replay/', import.meta.url);
const FILES = readdirSync(FOLDER).filter(name => name.endsWith('.json'));

function read(name: string): Fixture {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as Fixture;
}

function plain(recording: Recording, at: number) {
  return recording.at(at).cells.map(({ id, kind, source }) => ({ id, kind, source }));
}

describe('a notebook at any instant', () => {
  it('is tested against the files that the service is tested against', () => {
    expect(FILES.length).toBeGreaterThanOrEqual(4);
  });

  it.each(FILES)('%s', name => {
    const { events, expected } = read(name);
    const recording = new Recording(events);
    for (const { at, cells } of expected) {
      expect(plain(recording, at)).toEqual(cells);
    }
  });

  it.each(FILES)('%s, whatever the order the events came in and sought backwards', name => {
    const { events, expected } = read(name);
    const recording = new Recording(events.toReversed());
    for (const { at, cells } of expected.toReversed()) {
      expect(plain(recording, at)).toEqual(cells);
    }
  });
});
