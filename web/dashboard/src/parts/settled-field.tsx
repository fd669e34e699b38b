import { type Ref, useEffect, useRef, useState } from 'react';

/** Milliseconds without a key before what was typed counts. */
const SETTLED = 250;

interface Props {
  label: string;
  name: string;
  value: string;
  field?: Ref<HTMLInputElement>;
  onSettled: (value: string) => void;
}

/** A field whose words count as soon as nothing more is typed; `value` may change beneath it. */
export function SettledField({ label, name, value, field, onSettled }: Props) {
  const [text, setText] = useState(value);
  const told = useRef(value);
  const latest = useRef(onSettled);
  latest.current = onSettled;
  useEffect(() => {
    if (value !== told.current) {
      told.current = value;
      setText(value);
    }
  }, [value]);
  useEffect(() => {
    const words = text.trim();
    if (words === told.current) {
      return;
    }
    const timer = window.setTimeout(() => {
      told.current = words;
      latest.current(words);
    }, SETTLED);
    return () => window.clearTimeout(timer);
  }, [text]);
  return (
    <label>
      <span>{label}</span>
      <input
        ref={field}
        type="search"
        maxLength={200}
        data-caseloop={name}
        value={text}
        onChange={event => setText(event.target.value)}
      />
    </label>
  );
}
