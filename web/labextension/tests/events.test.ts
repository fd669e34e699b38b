import { describe, expect, it } from 'vitest';
import { EventParser, events } from '../src/api/events';

const STREAM = 'event: stage\ndata: {"a": 1}\n\n: still here\n\nevent: feedback\ndata: {"b":\ndata: 2}\n\n';
const EXPECTED = [
  { event: 'stage', data: '{"a": 1}' },
  { event: 'feedback', data: '{"b":\n2}' }
];

describe('EventParser', () => {
  it('gives the same events however the stream is cut', () => {
    for (let size = 1; size <= STREAM.length; size++) {
      const parser = new EventParser();
      const found = [];
      for (let i = 0; i < STREAM.length; i += size) {
        found.push(...parser.push(STREAM.slice(i, i + size)));
      }
      expect(found).toEqual(EXPECTED);
    }
  });

  it('takes all three kinds of line ends, also when cut between the two halves of one', () => {
    for (const end of ['\n', '\r\n', '\r']) {
      const stream = STREAM.replaceAll('\n', end) + ':';
      for (let cut = 1; cut < stream.length; cut++) {
        const parser = new EventParser();
        expect([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))]).toEqual(EXPECTED);
      }
    }
  });

  it('names an event without a name «message» and needs no space after the colon', () => {
    expect(new EventParser().push('data:x\n\n')).toEqual([{ event: 'message', data: 'x' }]);
  });

  it('drops what is not complete', () => {
    expect(new EventParser().push('event: stage\ndata: {}\n')).toEqual([]);
    expect(new EventParser().push('event: stage\n\n')).toEqual([]);
  });
});

describe('events', () => {
  it('puts characters together that were cut in the middle, and cancels the body when it is left', async () => {
    const bytes = new TextEncoder().encode('data: «é»\n\ndata: next\n\n');
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start: controller => [...bytes].forEach(byte => controller.enqueue(new Uint8Array([byte]))),
      cancel: () => void (cancelled = true)
    });
    for await (const { data } of events(body)) {
      expect(data).toBe('«é»');
      break;
    }
    expect(cancelled).toBe(true);
  });
});
