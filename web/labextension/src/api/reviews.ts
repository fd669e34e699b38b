import type { CaseloopClient } from './client';
import type { Dismiss, LabReview, LabReviewed, StyleStanding } from './style-types';

/** The style review of approved steps. Every method throws ApiError. */
export class ReviewsApi {
  constructor(private readonly client: CaseloopClient) {}

  review(body: LabReview): Promise<LabReviewed> {
    return this.client.json('POST', 'api/review', body);
  }

  /** Leave a remark of the newest review as it is; mentors see the reason. */
  dismiss(body: Dismiss): Promise<StyleStanding> {
    return this.client.json('POST', 'api/review/dismissals', body);
  }

  takeBack(subtask: string, finding: string): Promise<StyleStanding> {
    const path = `api/review/dismissals/${encodeURIComponent(finding)}`;
    return this.client.json('DELETE', `${path}?subtask=${encodeURIComponent(subtask)}`);
  }
}
