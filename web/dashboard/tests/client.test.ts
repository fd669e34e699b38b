import { afterEach, describe, expect, it, vi } from 'vitest';
import { DeskClient, type RunPart } from '../src/api/client';
import { ApiError } from '../src/api/errors';
import { search } from '../src/api/search';

const BASE = 'https://hub.example/services/caseloop/';

function answering(...answers: Response[]) {
  const fetch = vi.fn<typeof globalThis.fetch>();
  for (const answer of answers) {
    fetch.mockResolvedValueOnce(answer);
  }
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

function json(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status });
}

afterEach(() => vi.unstubAllGlobals());

describe('the one fetch function', () => {
  it('asks below the page and sends the XSRF header with changes only', async () => {
    const fetch = answering(json({ user: 'mona', roles: ['mentor'], xsrf: 'secret' }), json({}), json([]));
    const client = new DeskClient(BASE);
    await client.me();
    await client.lease('a/b');
    await client.phrases();
    const [me, lease, phrases] = fetch.mock.calls;
    expect(String(me![0])).toBe(`${BASE}api/me`);
    expect(me![1]!.headers).not.toHaveProperty('X-XSRFToken');
    expect(String(lease![0])).toBe(`${BASE}api/queue/a%2Fb/lease`);
    expect(lease![1]).toMatchObject({ method: 'POST', headers: { 'X-XSRFToken': 'secret' } });
    expect(phrases![1]!.headers).not.toHaveProperty('X-XSRFToken');
  });

  it('signs out beside the API', async () => {
    const fetch = answering(new Response(null, { status: 204 }));
    await new DeskClient(BASE).signOut();
    expect(String(fetch.mock.calls[0]![0])).toBe(`${BASE}logout`);
  });

  it('throws the words of a refusal', async () => {
    answering(json({ error: 'lease_taken', detail: 'Otto has this one.', request_id: 'r1' }, 409));
    const refusal = await new DeskClient(BASE).lease('x').catch((reason: unknown) => reason);
    expect(refusal).toBeInstanceOf(ApiError);
    expect(refusal).toMatchObject({ status: 409, error: 'lease_taken', detail: 'Otto has this one.', requestId: 'r1' });
  });

  it('has words of its own when nothing answers, or something that is not Caseloop', async () => {
    vi.stubGlobal('fetch', vi.fn().mockRejectedValue(new TypeError('failed')));
    await expect(new DeskClient(BASE).phrases()).rejects.toMatchObject({ status: 0, error: 'service_unavailable' });
    answering(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    await expect(new DeskClient(BASE).phrases()).rejects.toMatchObject({ status: 503, temporary: true });
    answering(new Response('{"cut'));
    await expect(new DeskClient(BASE).phrases()).rejects.toMatchObject({ error: 'service_unavailable' });
  });
});

describe('a run', () => {
  const stage = { kind: 'stage', name: 'running', detail: '', index: 0, count: 2 };

  async function parts(body: string): Promise<RunPart[]> {
    answering(new Response(body));
    const found: RunPart[] = [];
    for await (const part of new DeskClient(BASE).run('x', { cells: [] }, new AbortController().signal)) {
      found.push(part);
    }
    return found;
  }

  it('gives its stages and ends with the feedback', async () => {
    const found = await parts(
      `event: stage\ndata: ${JSON.stringify(stage)}\n\n: alive\n\nevent: feedback\ndata: {"verdict":"approved"}\n\n`
    );
    expect(found).toEqual([
      { kind: 'stage', stage },
      { kind: 'feedback', feedback: { verdict: 'approved' } }
    ]);
  });

  it('throws what an error event says, and when it is cut off', async () => {
    await expect(parts('event: error\ndata: {"error":"run_too_long","detail":"Too long."}\n\n')).rejects.toMatchObject({
      detail: 'Too long.'
    });
    await expect(parts(`event: stage\ndata: ${JSON.stringify(stage)}\n\n`)).rejects.toThrow('cut off');
  });
});

it('leaves what is not set out of a query', () => {
  expect(search({ state: 'waiting', case: undefined, mine: false, after: '' })).toBe('?state=waiting');
  expect(search({ from: 0 })).toBe('?from=0');
  expect(search({ q: 'a&b', mine: true })).toBe('?q=a%26b&mine=true');
  expect(search({})).toBe('');
});
