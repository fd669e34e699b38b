import * as React from 'react';
import type { Conversation } from '../api/assisted-types';
import { leftWords } from '../assistance/words';
import { isThought } from '../hints/words';
import { announce } from '../parts/announce';
import { Button } from '../parts/elements';
import { MAX_TEXT, TextBox } from '../parts/text-box';
import type { ChatDesk } from './desk';

interface ComposerProps {
  desk: ChatDesk;
  conversation: Conversation;
  send: (text: string) => void;
  reset: () => void;
}

const SPENT = 'All messages of this step are used.';
const REASONING = 'Write first, in three words or more, what you think is going on.';

/** Why a message cannot be sent now; undefined when it can. An empty box needs no reason. */
export function sendRefusal(desk: Pick<ChatDesk, 'reasoning'>, { left, reasoning_needed }: Conversation): string | undefined {
  if (left === 0) {
    return SPENT;
  }
  return reasoning_needed && !isThought(desk.reasoning) ? REASONING : undefined;
}

/** The box for the next message, and what belongs to it. */
export function Composer({ desk, conversation, send, reset }: ComposerProps): JSX.Element {
  const box = React.useRef<HTMLDivElement>(null);
  const refused = sendRefusal(desk, conversation);
  const ready = refused === undefined && desk.draft.trim() !== '' && !desk.pending;
  const focus = (name: string): void => box.current?.querySelector<HTMLElement>(`[data-caseloop="${name}"]`)?.focus();
  const press = (): void => {
    if (ready) {
      send(desk.draft);
    } else if (refused) {
      announce(refused);
      focus(refused === REASONING ? 'chat-reasoning' : 'chat-text');
    } else {
      focus('chat-text');
    }
  };
  return (
    <div className="caseloop-Composer" ref={box} data-caseloop="composer">
      {conversation.reasoning_needed && (
        <TextBox
          name="chat-reasoning"
          label="First: what do you think is going on?"
          about="In this case your own thought comes first: three words or more."
          value={desk.reasoning}
          limit={MAX_TEXT.message}
          change={text => desk.type('reasoning', text)}
          enter={() => (desk.draft.trim() ? press() : focus('chat-text'))}
        />
      )}
      <TextBox
        name="chat-text"
        label="Your message"
        placeholder="Ask about this step"
        value={desk.draft}
        limit={MAX_TEXT.message}
        change={text => desk.type('draft', text)}
        enter={press}
      />
      <div className="caseloop-Buttons">
        <Button name="send" look="primary" aria-disabled={!ready || undefined} title="Enter sends, Shift+Enter breaks the line" onClick={press}>
          Send
        </Button>
        {conversation.messages.length > 0 && (
          <Button name="reset-chat" look="link" onClick={reset}>
            Begin anew
          </Button>
        )}
        <span className="caseloop-mod-quiet caseloop-Left" data-caseloop="messages-left">
          {conversation.left === 0 ? SPENT : leftWords(conversation.left, 'message')}
        </span>
      </div>
    </div>
  );
}
