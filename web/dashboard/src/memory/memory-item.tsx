import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { MemoryEntry } from '../api/mentoring-types';
import { useSay } from '../app/announcer';
import { useDesk } from '../app/desk';
import { Dialog } from '../parts/dialog';
import { Markdown } from '../parts/markdown';
import { Problem } from '../parts/notice';
import { moment } from '../parts/time';
import { MemoryEditor } from './memory-editor';
import { WrittenFor } from './written-for';

export function MemoryItem({ entry, title }: { entry: MemoryEntry; title?: string }) {
  const { client } = useDesk();
  const queries = useQueryClient();
  const say = useSay();
  const [editing, setEditing] = useState(false);
  const [asked, setAsked] = useState(false);
  const fresh = () => void queries.invalidateQueries({ queryKey: ['memory'] });
  const confirm = useMutation({
    mutationFn: () => client.editMemory(entry.id, { text: entry.text, only_version: entry.case_version !== null }),
    onSuccess: () => {
      say('Confirmed: learners get it again.');
      fresh();
    }
  });
  const withdraw = useMutation({
    mutationFn: () => client.withdraw(entry.id),
    onSuccess: () => {
      setAsked(false);
      say('Withdrawn: nobody gets it any more.');
      fresh();
    }
  });
  return (
    <li className="Memory" data-caseloop="memory-entry" data-id={entry.id} data-withdrawn={entry.withdrawn !== null}>
      <header>
        <div>
          <strong>{title ?? entry.case}</strong> <span className="dim">· {entry.subtask}</span>
          <p className="dim">
            {entry.mentor}, {moment(entry.written)}
            {entry.edited && `, edited ${moment(entry.edited)}`}
            {entry.case_version !== null && ' · for one version only'}
          </p>
        </div>
        <Usefulness entry={entry} />
      </header>
      <WrittenFor entry={entry} />
      {editing ? (
        <MemoryEditor
          entry={entry}
          onDone={saved => {
            setEditing(false);
            if (saved) {
              say('Saved.');
              fresh();
            }
          }}
        />
      ) : (
        <Markdown text={entry.text} />
      )}
      {entry.set_aside && !entry.withdrawn && (
        <p className="Notice" data-caseloop="set-aside">
          Given to nobody since {moment(entry.set_aside)}: it did not help several learners in a row. Edit it, confirm it as
          it is, or withdraw it.
        </p>
      )}
      {confirm.isError && <Problem reason={confirm.error} />}
      {entry.withdrawn ? (
        <p className="dim">Withdrawn {moment(entry.withdrawn)}.</p>
      ) : (
        !editing && (
          <div className="Actions">
            <button type="button" className="Button" data-caseloop="edit-memory" onClick={() => setEditing(true)}>
              Edit
            </button>
            {entry.set_aside && (
              <button
                type="button"
                className="Button"
                data-caseloop="confirm-memory"
                disabled={confirm.isPending}
                onClick={() => confirm.mutate()}
              >
                Confirm
              </button>
            )}
            <button
              type="button"
              className="Button is-quiet"
              data-caseloop="withdraw"
              onClick={() => setAsked(true)}
            >
              Withdraw
            </button>
          </div>
        )
      )}
      {asked && (
        <Dialog title="Withdraw this answer?" name="confirm-withdraw" onClose={() => setAsked(false)}>
          <p>Learners with this problem wait for a mentor again. What was said before stays in the audit log.</p>
          {withdraw.isError && <Problem reason={withdraw.error} />}
          <button
            type="button"
            className="Button is-danger"
            data-caseloop="really-withdraw"
            disabled={withdraw.isPending}
            onClick={() => withdraw.mutate()}
          >
            Withdraw
          </button>
        </Dialog>
      )}
    </li>
  );
}

function Usefulness({ entry: { shown, helpful, unhelpful } }: { entry: MemoryEntry }) {
  const rated = helpful + unhelpful;
  return (
    <dl className="Usefulness" data-caseloop="usefulness">
      <div>
        <dt>Shown</dt>
        <dd>{shown}</dd>
      </div>
      <div>
        <dt>Helped</dt>
        <dd>{helpful}</dd>
      </div>
      <div>
        <dt>Did not</dt>
        <dd data-bad={rated >= 3 && unhelpful > helpful}>{unhelpful}</dd>
      </div>
    </dl>
  );
}
