import type { CaseloopClient } from './client';
import type { EventBatch, Recording, RecordingChoice } from './session-types';
import type { Json } from './types';

/** Recorded sessions, and the learner's say in them. Every method throws ApiError. */
export class SessionsApi {
  constructor(private readonly client: CaseloopClient) {}

  record(body: EventBatch): Promise<unknown> {
    return this.client.json('POST', 'api/events', body);
  }

  recording(): Promise<Recording> {
    return this.client.json('GET', 'api/recording');
  }

  choose(body: RecordingChoice): Promise<Recording> {
    return this.client.json('POST', 'api/recording', body);
  }

  /** All that is kept of the learner's sessions in this case. */
  export(): Promise<Json> {
    return this.client.json('GET', 'api/sessions/export');
  }

  /** Delete all of it. */
  forget(): Promise<unknown> {
    return this.client.json('DELETE', 'api/sessions');
  }
}
