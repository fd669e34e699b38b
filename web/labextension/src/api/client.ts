import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { type ISignal, Signal } from '@lumino/signaling';
import type {
  AiChoice,
  AskChat,
  AskHint,
  Assistance,
  ChatDelta,
  ChatDone,
  ChatRetracted,
  Conversation,
  HintShelf,
  HintView,
  LabChatReset,
  LabWorded,
  LabWords,
  RateHint,
  Reflect,
  WordsPart
} from './assisted-types';
import { ApiError } from './errors';
import { type ServerEvent, events } from './events';
import type {
  LabCase,
  LabCheck,
  LabFeedback,
  SavedNotebook,
  SavedSummary,
  Stage,
  Version,
  VersionSummary
} from './types';

export type CheckPart = { kind: 'stage'; stage: Stage } | { kind: 'feedback'; answer: LabFeedback };
export type WordsEvent = WordsPart | { kind: 'worded'; worded: LabWorded };
export type ChatEvent = ChatDelta | ChatRetracted | ChatDone;

interface Ask {
  body?: unknown;
  signal?: AbortSignal;
  accept?: string;
}

/** Talks to the gateway through the learner's Jupyter server. Every method throws ApiError. */
export class CaseloopClient {
  private readonly settings = ServerConnection.makeSettings();
  private readonly _asked = new Signal<this, 'hint' | 'chat'>(this);

  /** Emits when a hint is asked for, or a question is put to the assistant. */
  get asked(): ISignal<this, 'hint' | 'chat'> {
    return this._asked;
  }

  case(): Promise<LabCase> {
    return this.json('GET', 'api/case');
  }

  /** The parts of a check as they arrive; it always ends with the feedback or by throwing. */
  async *check(body: LabCheck, signal: AbortSignal): AsyncGenerator<CheckPart> {
    for await (const { event, data } of this.stream('POST', 'api/check', { body, signal })) {
      if (event === 'stage') {
        yield { kind: 'stage', stage: JSON.parse(data) as Stage };
      } else if (event === 'feedback') {
        yield { kind: 'feedback', answer: JSON.parse(data) as LabFeedback };
        return;
      }
    }
    throw cutOff('The check was cut off before it had an answer. Please check again.');
  }

  history(subtask: string): Promise<VersionSummary[]> {
    return this.json('GET', `api/history?subtask=${encodeURIComponent(subtask)}`);
  }

  version(submission: string): Promise<Version> {
    return this.json('GET', `api/history/${encodeURIComponent(submission)}`);
  }

  savedNotebooks(): Promise<SavedSummary[]> {
    return this.json('GET', 'api/notebook/versions');
  }

  savedNotebook(digest: string): Promise<SavedNotebook> {
    return this.json('GET', `api/notebook/versions/${encodeURIComponent(digest)}`);
  }

  /** Hand the notebook on disk to Caseloop now, before something replaces it. */
  keep(): Promise<SavedSummary> {
    return this.json('POST', 'keep');
  }

  assistance(): Promise<Assistance> {
    return this.json('GET', 'api/assistance');
  }

  choose(body: AiChoice): Promise<Assistance> {
    return this.json('POST', 'api/assistance/choice', body);
  }

  /** A model's sentences for a judged version as they pass; it always ends with `worded` or by throwing. */
  async *words(body: LabWords, signal: AbortSignal): AsyncGenerator<WordsEvent> {
    for await (const { event, data } of this.stream('POST', 'api/words', { body, signal })) {
      if (event === 'words') {
        yield JSON.parse(data) as WordsPart;
      } else if (event === 'worded') {
        yield { kind: 'worded', worded: JSON.parse(data) as LabWorded };
        return;
      }
    }
    throw cutOff('The words were cut off.');
  }

  hints(subtask: string): Promise<HintShelf> {
    return this.json('GET', `api/hints?subtask=${encodeURIComponent(subtask)}`);
  }

  askHint(body: AskHint): Promise<HintView> {
    this._asked.emit('hint');
    return this.json('POST', 'api/hints', body);
  }

  /** A hint each time it changes, until nothing more changes by itself, or for as long as one request may last. */
  async *followHint(id: string): AsyncGenerator<HintView> {
    for await (const { event, data } of this.stream('GET', `api/hints/${encodeURIComponent(id)}/events`, {})) {
      if (event === 'hint') {
        yield JSON.parse(data) as HintView;
      }
    }
  }

  reflect(id: string, body: Reflect): Promise<HintView> {
    return this.json('POST', `api/hints/${encodeURIComponent(id)}/reflection`, body);
  }

  rateHint(id: string, body: RateHint): Promise<HintView> {
    return this.json('POST', `api/hints/${encodeURIComponent(id)}/rating`, body);
  }

  conversation(subtask: string): Promise<Conversation> {
    return this.json('GET', `api/chat?subtask=${encodeURIComponent(subtask)}`);
  }

  /** An answer as it is written; it always ends with `done` or by throwing. */
  async *chat(body: AskChat, signal: AbortSignal): AsyncGenerator<ChatEvent> {
    this._asked.emit('chat');
    for await (const { event, data } of this.stream('POST', 'api/chat', { body, signal })) {
      if (event === 'delta' || event === 'retracted') {
        yield JSON.parse(data) as ChatEvent;
      } else if (event === 'answer') {
        yield JSON.parse(data) as ChatDone;
        return;
      }
    }
    throw cutOff('The answer was cut off. Please ask again.');
  }

  resetChat(body: LabChatReset): Promise<Conversation> {
    return this.json('POST', 'api/chat/reset', body);
  }

  /** The events of an answer; an `error` event is thrown. */
  private async *stream(method: string, path: string, ask: Ask): AsyncGenerator<ServerEvent> {
    const response = await this.fetch(method, path, { ...ask, accept: 'text/event-stream' });
    for await (const event of events(response.body!)) {
      if (event.event === 'error') {
        throw ApiError.parse(503, event.data);
      }
      yield event;
    }
  }

  /** One request with a JSON answer; for this class and those beside it that know more addresses. */
  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.fetch(method, path, { body });
    try {
      return (await response.json()) as T;
    } catch {
      throw cutOff('The answer of Caseloop was cut off. Please try again.');
    }
  }

  /** The only fetch: base URL, cookies and the XSRF token are ServerConnection's. */
  private async fetch(method: string, path: string, { body, signal, accept }: Ask): Promise<Response> {
    const request: RequestInit = { method, headers: { Accept: accept ?? 'application/json' } };
    if (method === 'POST') {
      request.body = JSON.stringify(body ?? {});
    }
    if (signal) {
      request.signal = signal;
    }
    let response: Response;
    try {
      const url = URLExt.join(this.settings.baseUrl, 'caseloop', path);
      response = await ServerConnection.makeRequest(url, request, this.settings);
    } catch (reason) {
      throw ApiError.from(reason);
    }
    if (!response.ok) {
      throw await ApiError.of(response);
    }
    return response;
  }
}

function cutOff(detail: string): ApiError {
  return new ApiError(503, 'service_unavailable', detail);
}
