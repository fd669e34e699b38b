import type { CaseloopClient } from '../api/client';
import type { AssistanceModel } from '../assistance/model';
import { ChatDesk } from '../chat/desk';
import { HintDesk } from '../hints/desk';

export type HelpTab = 'hints' | 'chat' | 'mentor';

/** Hints and conversation of one step, and which of them was looked at. */
export interface HelpDesk {
  hints: HintDesk;
  chat: ChatDesk;
  tab: HelpTab;
}

/** The help of every step, made when it is first asked for. */
export class HelpDesks {
  private readonly desks = new Map<string, HelpDesk>();

  constructor(
    private readonly client: CaseloopClient,
    private readonly assistance: AssistanceModel
  ) {}

  of(subtask: string): HelpDesk {
    let desk = this.desks.get(subtask);
    if (!desk) {
      desk = {
        hints: new HintDesk(subtask, this.client, this.assistance),
        chat: new ChatDesk(subtask, this.client, this.assistance),
        tab: 'hints'
      };
      this.desks.set(subtask, desk);
    }
    return desk;
  }
}
