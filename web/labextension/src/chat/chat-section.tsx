import { Dialog, showDialog } from '@jupyterlab/apputils';
import * as React from 'react';
import type { LabSubtask } from '../api/types';
import { notebookCells } from '../case/notebook-cells';
import { placeOf } from '../feedback/current';
import type { PanelServices } from '../panel/services';
import { Loading, Problem } from '../parts/elements';
import { useSignals } from '../parts/signals';
import { Composer } from './composer';
import type { ChatDesk } from './desk';
import { MessageItem } from './message-item';
import { PendingItem } from './pending-item';
import { useStickToEnd } from './stick';

interface ChatProps {
  subtask: LabSubtask;
  desk: ChatDesk;
  services: PanelServices;
}

/** The conversation about a step, the answer that is being written, and the box for the next message. */
export function ChatSection({ subtask, desk, services }: ChatProps): JSX.Element {
  const { notebooks } = services;
  const { view } = subtask;
  const { conversation, pending, problem } = desk;
  useSignals(desk.changed, notebooks.changed);
  const root = React.useRef<HTMLDivElement>(null);
  const stick = useStickToEnd(root, [conversation?.messages.length, pending?.answer, pending !== undefined]);
  if (!conversation) {
    return problem && !desk.loading ? (
      <Problem problem={problem} retry={() => void desk.load()} name="chat-problem" />
    ) : (
      <Loading words="Loading the conversation…" />
    );
  }
  const toBox = (): void => root.current?.querySelector<HTMLElement>('[data-caseloop="chat-text"]')?.focus();
  const send = (text: string): void => {
    stick();
    void desk.send(text, async () => notebookCells(await notebooks.open()));
    toBox();
  };
  const { messages } = conversation;
  const last = messages.length - 1;
  return (
    <div className="caseloop-Chat" ref={root}>
      {messages.length === 0 && !pending && <Empty />}
      <ol className="caseloop-Messages" aria-label="Conversation" data-caseloop="messages">
        {messages.map((message, index) => (
          <MessageItem
            key={message.id}
            message={message}
            place={finding => placeOf(notebooks, view, finding)}
            show={place => void notebooks.showPlace(place)}
            last={index === last && !pending}
            follow={conversation.left === 0 ? undefined : send}
          />
        ))}
        {pending && (
          <PendingItem
            pending={pending}
            stop={() => {
              desk.stop();
              toBox();
            }}
          />
        )}
      </ol>
      {problem && <Problem problem={problem} name="chat-problem" />}
      <Composer desk={desk} conversation={conversation} send={send} reset={() => void reset(desk, view.title).then(toBox)} />
    </div>
  );
}

function Empty(): JSX.Element {
  return (
    <p className="caseloop-ChatEmpty" data-caseloop="chat-empty">
      Ask about this step: what feedback means, why a result is not what you expected, how to go on. The assistant sees
      your code as it is now and what the last check found. It does not give solutions away.
    </p>
  );
}

/** Ask before what was said is put away. */
async function reset(desk: ChatDesk, title: string): Promise<void> {
  const result = await showDialog({
    title: 'Begin a new conversation?',
    body: `What was said about «${title}» is put away, and the assistant no longer knows it.`,
    buttons: [Dialog.cancelButton(), Dialog.warnButton({ label: 'Begin anew' })]
  });
  if (result.button.accept) {
    await desk.reset();
  }
}
