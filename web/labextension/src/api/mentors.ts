import type { CaseloopClient } from './client';
import type { Escalate, EscalationView, Offer, RateAnswer, RateMemory } from './mentor-types';

/** Questions to mentors. Every method throws ApiError. */
export class MentorsApi {
  constructor(private readonly client: CaseloopClient) {}

  /** Whether a mentor may be asked about a step now, and why. */
  offer(subtask: string): Promise<Offer> {
    return this.client.json('GET', `api/escalations/offer?subtask=${encodeURIComponent(subtask)}`);
  }

  /** The learner's questions about a step. */
  mine(subtask: string): Promise<EscalationView[]> {
    return this.client.json('GET', `api/escalations?subtask=${encodeURIComponent(subtask)}`);
  }

  open(body: Escalate): Promise<EscalationView> {
    return this.client.json('POST', 'api/escalations', body);
  }

  write(id: string, text: string): Promise<EscalationView> {
    return this.client.json('POST', `${at(id)}/notes`, { text, comments: [] });
  }

  rate(id: string, body: RateAnswer): Promise<EscalationView> {
    return this.client.json('POST', `${at(id)}/rating`, body);
  }

  cancel(id: string): Promise<EscalationView> {
    return this.client.json('POST', `${at(id)}/cancellation`);
  }

  /** Whether an answer that a mentor gave to somebody else before helped here, too. */
  rateRemembered(entry: string, body: RateMemory): Promise<Offer> {
    return this.client.json('POST', `api/remembered/${encodeURIComponent(entry)}/rating`, body);
  }
}

function at(id: string): string {
  return `api/escalations/${encodeURIComponent(id)}`;
}
