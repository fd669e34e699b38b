import { useMemo } from 'react';

interface Line {
  kind: 'added' | 'removed' | 'place' | 'same';
  text: string;
}

const SIGNS = { added: '+', removed: '−', place: '', same: ' ' };
const WORDS = { added: 'added: ', removed: 'removed: ', place: '', same: '' };

/** Lines of a unified difference; its file names are left out. */
export function unifiedLines(text: string): Line[] {
  return text
    .split('\n')
    .filter((line, index, all) => !(/^(---|\+\+\+)( |$)/.test(line) && index < 2) && !(line === '' && index === all.length - 1))
    .map(line => {
      if (line.startsWith('@@')) {
        return { kind: 'place', text: line };
      }
      const kind = line.startsWith('+') ? 'added' : line.startsWith('-') ? 'removed' : 'same';
      return { kind, text: line.replace(/^[ +-]/, '') };
    });
}

/** A unified difference as text: colour, sign and words say the same. */
export function Unified({ text, label }: { text: string; label: string }) {
  const lines = useMemo(() => unifiedLines(text), [text]);
  return (
    <pre className="Unified" aria-label={label} tabIndex={0} role="region">
      {lines.map((line, index) => (
        <span key={index} data-kind={line.kind}>
          <span aria-hidden="true">{SIGNS[line.kind]}</span>
          <span className="sr">{WORDS[line.kind]}</span>
          {`${line.text}\n`}
        </span>
      ))}
    </pre>
  );
}
