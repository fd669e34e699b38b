import { type KeyboardEvent, type RefObject, useState } from 'react';
import type { EscalationFull } from '../api/mentoring-types';
import type { Place } from '../api/types';
import { Markdown } from '../parts/markdown';
import { Problem } from '../parts/notice';
import { Section } from '../parts/section';
import { Tabs } from '../parts/tabs';
import { several } from '../parts/words';
import { CommentList } from './comment-list';
import { type Draft, sendable } from './draft';
import { Phrases } from './phrases';
import type { Escalation } from './use-escalation';

interface Props {
  full: EscalationFull;
  escalation: Escalation;
  draft: Draft;
  field: RefObject<HTMLTextAreaElement>;
  onChange: (part: Partial<Draft>) => void;
  onInsert: (words: string) => void;
  onPlace: (place: Place) => void;
  onSent: () => void;
}

/** Where the answer is written. What is written is kept, whoever holds the lease; sending needs it. */
export function AnswerBox({ full, escalation, draft, field, onChange, onInsert, onPlace, onSent }: Props) {
  const [tab, setTab] = useState<'write' | 'preview'>('write');
  const { mine, answer, write } = escalation;
  const { state } = full.item;
  const ready = mine && draft.text.trim() !== '' && !answer.isPending && !write.isPending;
  const send = () => ready && answer.mutate(sendable(draft), { onSuccess: onSent });
  const ask = () => {
    const { text, comments } = sendable(draft);
    write.mutate({ text, comments }, { onSuccess: () => onChange({ text: '', comments: [] }) });
  };
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      send();
    }
  };
  const closed = state === 'answered' || state === 'rated' || state === 'cancelled';
  return (
    <Section title="Your answer" name="answer-box">
      <div onKeyDown={pressed}>
        <Tabs
          label="Your answer"
          tabs={[
            { name: 'write', title: 'Write' },
            { name: 'preview', title: 'Preview' }
          ]}
          now={tab}
          onChange={setTab}
        >
          {tab === 'write' ? (
            <textarea
              ref={field}
              rows={6}
              maxLength={10_000}
              data-caseloop="answer-text"
              aria-label="Your answer, in Markdown"
              placeholder="Words for the learner; Markdown works. Ctrl+Enter sends."
              value={draft.text}
              onChange={event => onChange({ text: event.target.value })}
            />
          ) : (
            <div className="Preview" data-caseloop="answer-preview">
              {draft.text.trim() ? <Markdown text={draft.text} /> : <p className="dim">Nothing is written yet.</p>}
            </div>
          )}
        </Tabs>
        <CommentList
          comments={draft.comments}
          cells={full.cells}
          onChange={comments => onChange({ comments })}
          onPlace={onPlace}
        />
        <Phrases text={draft.text} onInsert={onInsert} />
        <div className="Remember">
          <label className="Check">
            <input
              type="checkbox"
              data-caseloop="remember"
              disabled={!full.item.signature}
              checked={draft.remember}
              onChange={event => onChange({ remember: event.target.checked, only_version: false })}
            />
            Remember it: learners with this problem get it at once
          </label>
          {draft.remember && (
            <label className="Check">
              <input
                type="checkbox"
                data-caseloop="only-version"
                checked={draft.only_version}
                onChange={event => onChange({ only_version: event.target.checked })}
              />
              For this version of the case only
            </label>
          )}
        </div>
        {answer.isError && <Problem reason={answer.error} />}
        {write.isError && <Problem reason={write.error} />}
        <div className="Actions">
          <button type="button" className="Button is-primary" data-caseloop="send-answer" disabled={!ready} onClick={send}>
            {draft.also.length ? `Answer, and ${several(draft.also.length, 'other')} with it` : 'Answer'}
          </button>
          <button type="button" className="Button" data-caseloop="send-note" disabled={!ready} onClick={ask}>
            Only ask back
          </button>
          {!mine && (
            <span className="dim" data-caseloop="why-not">
              {closed
                ? 'It is closed.'
                : state === 'leased'
                  ? `${full.item.mentor} is on it.`
                  : 'Take it before you send; what you write here is kept.'}
            </span>
          )}
        </div>
      </div>
    </Section>
  );
}
