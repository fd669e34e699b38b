import { Authoring } from './authoring';
import type { Brief, CaseSummary, ClassView, Dismissal, LearnersWork, Me, Run } from './desk-types';
import { ApiError } from './errors';
import { events } from './events';
import type {
  AnswerEscalation,
  EditMemory,
  EscalationFull,
  Measures,
  MemoryEntry,
  MemoryPage,
  Phrase,
  QueuePage,
  WriteNote
} from './mentoring-types';
import { Quality } from './quality';
import { search } from './search';
import type { SessionPart, SessionSummary } from './session-types';
import type { Feedback, LintReport, Stage, Version, VersionSummary } from './types';

export interface QueueQuery {
  state?: string;
  case?: string;
  subtask?: string;
  reason?: string;
  learner?: string;
  q?: string;
  mine?: boolean;
  after?: string;
  limit?: number;
}

export interface MemoryQuery {
  case?: string;
  subtask?: string;
  q?: string;
  after?: string;
}

/** As much as the desk's door gives at once. */
const MOST = 200;

export type RunPart = { kind: 'stage'; stage: Stage } | { kind: 'feedback'; feedback: Feedback };

/** Talks to the desk's door. Every method throws ApiError. */
export class DeskClient {
  /** What only admins may ask. */
  readonly authoring: Authoring;
  /** What only QA and admins may ask. */
  readonly quality: Quality;
  private xsrf = '';

  /** @param base address of the page, ending in a slash: the API is below it. */
  constructor(private readonly base: string) {
    const net = { json: this.json.bind(this), fetch: this.fetch.bind(this) };
    this.authoring = new Authoring(net);
    this.quality = new Quality(net);
  }

  async me(): Promise<Me> {
    const me = await this.json<Me>('GET', 'me');
    this.xsrf = me.xsrf;
    return me;
  }

  cases(): Promise<CaseSummary[]> {
    return this.json('GET', 'cases');
  }

  /** Title of each step of a case, by its id, in their order. */
  steps(name: string): Promise<Record<string, string>> {
    return this.json('GET', `cases/${encodeURIComponent(name)}/steps`);
  }

  queue(query: QueueQuery, signal?: AbortSignal): Promise<QueuePage> {
    return this.json('GET', `queue${search(query)}`, undefined, signal);
  }

  /** Others that wait with the same problem. */
  same(id: string, after: string | undefined, signal?: AbortSignal): Promise<QueuePage> {
    return this.json('GET', `${one(id)}/same${search({ limit: MOST, after })}`, undefined, signal);
  }

  /** Leases the most urgent one; 404 when nothing waits. */
  takeNext(): Promise<EscalationFull> {
    return this.json('POST', 'queue/next');
  }

  escalation(id: string): Promise<EscalationFull> {
    return this.json('GET', one(id));
  }

  /** 409 when another mentor was first. */
  lease(id: string): Promise<EscalationFull> {
    return this.json('POST', `${one(id)}/lease`);
  }

  release(id: string): Promise<unknown> {
    return this.json('DELETE', `${one(id)}/lease`);
  }

  write(id: string, note: WriteNote): Promise<EscalationFull> {
    return this.json('POST', `${one(id)}/notes`, note);
  }

  answer(id: string, answer: AnswerEscalation): Promise<EscalationFull> {
    return this.json('POST', `${one(id)}/answer`, answer);
  }

  brief(id: string): Promise<Brief> {
    return this.json('GET', `${one(id)}/brief`);
  }

  style(id: string): Promise<LintReport> {
    return this.json('GET', `${one(id)}/style`);
  }

  /** Remarks of the style review that the learner left as they are. */
  dismissals(id: string): Promise<Dismissal[]> {
    return this.json('GET', `${one(id)}/dismissals`);
  }

  versions(id: string): Promise<VersionSummary[]> {
    return this.json('GET', `${one(id)}/versions`);
  }

  version(id: string, submission: string): Promise<Version> {
    return this.json('GET', `${one(id)}/versions/${encodeURIComponent(submission)}`);
  }

  sessions(id: string): Promise<SessionSummary[]> {
    return this.json('GET', `${one(id)}/sessions`);
  }

  /** Events of a session from a number on, and the notebook before them. */
  session(id: string, session: string, from: number, signal?: AbortSignal): Promise<SessionPart> {
    const path = `${one(id)}/sessions/${encodeURIComponent(session)}${search({ from })}`;
    return this.json('GET', path, undefined, signal);
  }

  /** The stages of a run as they pass; it always ends with the feedback or by throwing. */
  async *run(id: string, body: Run, signal: AbortSignal): AsyncGenerator<RunPart> {
    const response = await this.fetch('POST', `${one(id)}/run`, body, signal, 'text/event-stream');
    for await (const { event, data } of events(response.body!)) {
      if (event === 'error') {
        throw ApiError.parse(503, data);
      } else if (event === 'stage') {
        yield { kind: 'stage', stage: JSON.parse(data) as Stage };
      } else if (event === 'feedback') {
        yield { kind: 'feedback', feedback: JSON.parse(data) as Feedback };
        return;
      }
    }
    throw new ApiError(503, 'service_unavailable', 'The run was cut off before it had a result. Run it again.');
  }

  memory(query: MemoryQuery, signal?: AbortSignal): Promise<MemoryPage> {
    return this.json('GET', `memory${search(query)}`, undefined, signal);
  }

  editMemory(id: string, edit: EditMemory): Promise<MemoryEntry> {
    return this.json('PUT', `memory/${encodeURIComponent(id)}`, edit);
  }

  withdraw(id: string): Promise<unknown> {
    return this.json('DELETE', `memory/${encodeURIComponent(id)}`);
  }

  phrases(): Promise<Phrase[]> {
    return this.json('GET', 'phrases');
  }

  addPhrase(text: string): Promise<Phrase> {
    return this.json('POST', 'phrases', { text });
  }

  dropPhrase(id: string): Promise<unknown> {
    return this.json('DELETE', `phrases/${encodeURIComponent(id)}`);
  }

  measures(query: { case?: string; days: number }): Promise<Measures> {
    return this.json('GET', `measures${search(query)}`);
  }

  classView(query: { case: string; watch?: boolean; after?: string }): Promise<ClassView> {
    return this.json('GET', `class${search(query)}`);
  }

  /** What a learner has done in a step; without one, in the step that is worked on. The look is written down. */
  work(name: string, learner: string, step?: string): Promise<LearnersWork> {
    return this.json('GET', `${of(name, learner)}${search({ step })}`);
  }

  learnersVersion(name: string, learner: string, submission: string): Promise<Version> {
    return this.json('GET', `${of(name, learner)}/versions/${encodeURIComponent(submission)}`);
  }

  /** As `session`, of a learner of a class. */
  learnersSession(
    name: string,
    learner: string,
    session: string,
    from: number,
    signal?: AbortSignal
  ): Promise<SessionPart> {
    const path = `${of(name, learner)}/sessions/${encodeURIComponent(session)}${search({ from })}`;
    return this.json('GET', path, undefined, signal);
  }

  /** Address of a download, for a link. */
  exportAddress(name: string, format: 'csv' | 'json'): string {
    return new URL(`api/class/export.${format}${search({ case: name })}`, this.base).href;
  }

  /** Ends the session here; the Hub's own goes on. */
  async signOut(): Promise<void> {
    await this.fetch('POST', '../logout');
  }

  private async json<T>(method: string, path: string, body?: unknown, signal?: AbortSignal): Promise<T> {
    const response = await this.fetch(method, path, body, signal);
    const text = await response.text();
    try {
      return (text ? JSON.parse(text) : null) as T;
    } catch {
      throw new ApiError(503, 'service_unavailable', 'The answer of Caseloop was cut off. Try again.');
    }
  }

  /** The only fetch: base path, cookies, and the XSRF header on whatever changes something. */
  private async fetch(
    method: string,
    path: string,
    body?: unknown,
    signal?: AbortSignal,
    accept = 'application/json',
    more: Record<string, string> = {}
  ): Promise<Response> {
    const headers: Record<string, string> = { Accept: accept, ...more };
    const bytes = body instanceof Blob;
    if (method !== 'GET') {
      headers['X-XSRFToken'] = this.xsrf;
      headers['Content-Type'] = bytes ? 'application/octet-stream' : 'application/json';
    }
    let response: Response;
    try {
      response = await fetch(new URL(`api/${path}`, this.base), {
        method,
        headers,
        body: method === 'GET' ? undefined : bytes ? body : JSON.stringify(body ?? {}),
        signal,
        credentials: 'same-origin',
        redirect: 'error'
      });
    } catch (reason) {
      if (signal?.aborted) {
        throw reason;
      }
      throw ApiError.from(reason);
    }
    if (!response.ok) {
      throw await ApiError.of(response);
    }
    return response;
  }
}

function one(id: string): string {
  return `queue/${encodeURIComponent(id)}`;
}

function of(name: string, learner: string): string {
  return `class/${encodeURIComponent(name)}/learners/${encodeURIComponent(learner)}`;
}
