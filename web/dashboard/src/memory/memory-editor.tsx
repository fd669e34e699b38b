import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import type { MemoryEntry } from '../api/mentoring-types';
import { useDesk } from '../app/desk';
import { Markdown } from '../parts/markdown';
import { Problem } from '../parts/notice';

export function MemoryEditor({ entry, onDone }: { entry: MemoryEntry; onDone: (saved: boolean) => void }) {
  const { client } = useDesk();
  const [text, setText] = useState(entry.text);
  const [onlyVersion, setOnlyVersion] = useState(entry.case_version !== null);
  const save = useMutation({
    mutationFn: () => client.editMemory(entry.id, { text: text.trim(), only_version: onlyVersion }),
    onSuccess: () => onDone(true)
  });
  return (
    <form
      className="MemoryEditor"
      onSubmit={event => {
        event.preventDefault();
        save.mutate();
      }}
    >
      <textarea
        autoFocus
        rows={6}
        maxLength={10_000}
        aria-label="The answer, in Markdown"
        data-caseloop="memory-text"
        value={text}
        onChange={event => setText(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape') {
            event.preventDefault();
            onDone(false);
          }
        }}
      />
      <div className="Preview">
        <Markdown text={text} />
      </div>
      <label className="Check">
        <input type="checkbox" checked={onlyVersion} onChange={event => setOnlyVersion(event.target.checked)} />
        For its version of the case only
      </label>
      {save.isError && <Problem reason={save.error} />}
      <div className="Actions">
        <button
          type="submit"
          className="Button is-primary"
          data-caseloop="save-memory"
          disabled={!text.trim() || save.isPending}
        >
          Save
        </button>
        <button type="button" className="Button" onClick={() => onDone(false)}>
          Cancel
        </button>
      </div>
    </form>
  );
}
