import type { Transport } from './authoring';
import type {
  EvaluatedSample,
  GiveLabel,
  JudgeExchange,
  LabelGiven,
  LabelPage,
  RunComparison,
  RunFigures,
  RunPage,
  SamplePage
} from './quality-types';
import { search } from './search';

export interface SampleQuery {
  case?: string;
  failed?: string;
  against?: string;
  changed?: boolean;
  after?: number;
}

/** Runs of suites, their samples, and people's labels. Every method throws ApiError. */
export class Quality {
  constructor(private readonly net: Pick<Transport, 'json'>) {}

  runs(query: { suite?: string; after?: number; limit?: number }): Promise<RunPage> {
    return this.net.json('GET', `runs${search(query)}`);
  }

  run(id: string, signal?: AbortSignal): Promise<RunFigures> {
    return this.net.json('GET', one(id), undefined, signal);
  }

  samples(run: string, query: SampleQuery, signal?: AbortSignal): Promise<SamplePage> {
    return this.net.json('GET', `${one(run)}/samples${search(query)}`, undefined, signal);
  }

  sample(run: string, id: string, against: string): Promise<EvaluatedSample> {
    return this.net.json('GET', `${one(run)}/sample${search({ id, against })}`);
  }

  /** All that was said to and by the judge about one sample. */
  exchanges(run: string, id: string): Promise<JudgeExchange[]> {
    return this.net.json('GET', `${one(run)}/exchanges${search({ id })}`);
  }

  compare(before: string, after: string): Promise<RunComparison> {
    return this.net.json('GET', `comparison${search({ before, after })}`);
  }

  /** What should be labelled next; 409 when no judge has seen the run. */
  labels(run: string): Promise<LabelPage> {
    return this.net.json('GET', `${one(run)}/labels`);
  }

  label(run: string, label: GiveLabel): Promise<LabelGiven> {
    return this.net.json('POST', `${one(run)}/labels`, label);
  }
}

function one(run: string): string {
  return `runs/${encodeURIComponent(run)}`;
}
