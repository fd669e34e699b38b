import type { Problem } from './checker';
import type { CellSource } from './module';

interface Answer {
  run: number;
  problems?: Problem[];
  failed?: string;
}

/** Checks notebooks in one web worker, which starts with the first notebook. */
export class DiagnosticsService {
  private worker?: Worker;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private runs = 0;

  /** What is certain to fail. Rejects when the checker could not be loaded in this browser. */
  check(version: string, cells: readonly CellSource[]): Promise<Problem[]> {
    this.worker ??= this.start();
    const worker = this.worker;
    const run = ++this.runs;
    return new Promise((resolve, reject) => {
      this.waiting.set(run, ({ problems, failed }) => (problems ? resolve(problems) : reject(new Error(failed))));
      worker.postMessage({ run, version, cells });
    });
  }

  private start(): Worker {
    const worker = new Worker(new URL('./check.worker.js', import.meta.url));
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.waiting.get(data.run)?.(data);
      this.waiting.delete(data.run);
    };
    worker.onerror = event => {
      for (const [run, answer] of this.waiting) {
        answer({ run, failed: event.message || 'the worker ended' });
      }
      this.waiting.clear();
    };
    return worker;
  }
}
